internal import ArgumentParser
internal import Dataplane
internal import KubernetesModel
internal import ManifestSource
internal import NetworkTypes
internal import Observability

/// Where objects come from.
struct SourceOptions: ParsableArguments {
    @Option(help: "A folder or file of manifests, YAML or JSON; repeatable.")
    var manifests: [String] = []

    @Option(help: "Folder that remembers the addresses given to Services; empty: none.")
    var stateDir = defaultStateDirectory

    static let defaultStateDirectory = "/var/lib/fairway"

    /// Manifests where some are named, else the API.
    ///
    /// - Parameter ranges: ClusterIPs of manifests are given out of these.
    func source(_ api: APIOptions, ranges: [IPPrefix]) throws(CommandFailure) -> ObjectSource {
        let settings = try api.settings()
        guard !manifests.isEmpty else { return .api(try APISource(settings)) }
        guard manifests.allSatisfy({ !$0.isEmpty }) else {
            throw .usage("--manifests \"\": expected the path of a folder or file; \".\" is the folder you are in")
        }
        guard settings.kubeconfig == nil, settings.master == nil else {
            throw .usage("--manifests and \(settings.kubeconfig == nil ? "--master" : "--kubeconfig"): give one source of Services")
        }
        // A path that does not exist yet is waited for; until then nothing is written.
        return .manifests(paths: manifests, AllocationSettings(clusterRanges: ranges, stateDirectory: stateDir))
    }
}

/// Where the daemon answers.
struct ListenOptions: ParsableArguments {
    @Option(help: "Where /healthz, /livez and /readyz answer, ADDR:PORT; empty: nowhere; port 0: a free one.")
    var healthzBindAddress = "0.0.0.0:10256"

    @Option(help: "Where /metrics answers, ADDR:PORT; empty: nowhere; port 0: a free one.")
    var metricsBindAddress = "127.0.0.1:10249"

    @OptionGroup var admin: AdminOptions

    /// kube-proxy's ports, taken when an address comes without one.
    private static let healthzPort: UInt16 = 10256
    private static let metricsPort: UInt16 = 10249

    func healthz() throws(CommandFailure) -> ListenAddress? {
        try parse(healthzBindAddress, "--healthz-bind-address", Self.healthzPort)
    }

    func metrics() throws(CommandFailure) -> ListenAddress? {
        try parse(metricsBindAddress, "--metrics-bind-address", Self.metricsPort)
    }

    private func parse(_ text: String, _ flag: String, _ port: UInt16) throws(CommandFailure) -> ListenAddress? {
        do throws(ListenError) {
            return try ListenAddress.parse(text, flag: flag, defaultPort: port)
        } catch {
            throw .usage("\(error)")
        }
    }
}

/// How often the kernel is written to, as kube-proxy's flags of the same names have it.
struct PacingOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Least milliseconds between two writes to the kernel; changes in between go together.")
    var minSyncPeriodMilliseconds = 0

    @Option(
        parsing: .unconditional,
        help: """
            Longest time without comparing everything with the kernel, as 1h30m; changes of others are put right \
            at once and do not wait for it. 0: never.
            """)
    var fullSyncPeriod = "1h"

    func limits() throws(CommandFailure) -> SyncPacer.Limits {
        guard (0...60_000).contains(minSyncPeriodMilliseconds) else {
            throw .usage("--min-sync-period-milliseconds \(minSyncPeriodMilliseconds): expected 0 to 60000")
        }
        guard let period = DurationText.parse(fullSyncPeriod) else {
            throw .usage("--full-sync-period \(fullSyncPeriod): expected a duration, as 1h, 30m or 0")
        }
        return SyncPacer.Limits(
            minimumInterval: .milliseconds(minSyncPeriodMilliseconds), fullInterval: period == .zero ? nil : period)
    }
}
