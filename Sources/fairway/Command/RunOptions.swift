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

    /// - Parameter port: of kube-proxy's flag `--healthz-port`; nil: not given.
    func healthz(port: Int? = nil) throws(CommandFailure) -> ListenAddress? {
        try parse(healthzBindAddress, "--healthz-bind-address", Self.healthzPort, (port, "--healthz-port"))
    }

    /// - Parameter port: of kube-proxy's flag `--metrics-port`; nil: not given.
    func metrics(port: Int? = nil) throws(CommandFailure) -> ListenAddress? {
        try parse(metricsBindAddress, "--metrics-bind-address", Self.metricsPort, (port, "--metrics-port"))
    }

    private func parse(
        _ text: String, _ flag: String, _ port: UInt16, _ deprecated: (port: Int?, flag: String)
    ) throws(CommandFailure) -> ListenAddress? {
        var text = text
        if let other = deprecated.port {
            guard let number = UInt16(exactly: other) else {
                throw .usage("\(deprecated.flag) \(other): expected 0 to 65535")
            }
            if number == 0 { return nil }
            // Taken where the address itself says nothing else.
            if let colon = text.lastIndex(of: ":"), text.hasSuffix(":\(port)") { text = "\(text[..<colon]):\(number)" }
        }
        do throws(ListenError) {
            return try ListenAddress.parse(text, flag: flag, defaultPort: port)
        } catch {
            throw .usage("\(error)")
        }
    }
}

/// How often the kernel is written to, as kube-proxy's flags of the same names have it.
struct PacingOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Least milliseconds between two writes to the kernel; changes in between go together (default: 0).")
    var minSyncPeriodMilliseconds: Int?

    @Option(
        parsing: .unconditional,
        help: """
            Longest time without comparing everything with the kernel, as 1h30m; changes of others are put right \
            at once and do not wait for it. 0: never (default: 1h).
            """)
    var fullSyncPeriod: String?

    /// - Parameter others: what kube-proxy's flags say; Fairway's go before them.
    func limits(_ others: (full: Duration?, minimum: Duration?) = (nil, nil)) throws(CommandFailure) -> SyncPacer.Limits {
        if let minSyncPeriodMilliseconds, !(0...60_000).contains(minSyncPeriodMilliseconds) {
            throw .usage("--min-sync-period-milliseconds \(minSyncPeriodMilliseconds): expected 0 to 60000")
        }
        var period = others.full ?? .seconds(3600)
        if let fullSyncPeriod {
            guard let given = DurationText.parse(fullSyncPeriod) else {
                throw .usage("--full-sync-period \(fullSyncPeriod): expected a duration, as 1h, 30m or 0")
            }
            period = given
        }
        return SyncPacer.Limits(
            minimumInterval: minSyncPeriodMilliseconds.map { .milliseconds($0) } ?? others.minimum ?? .zero,
            fullInterval: period == .zero ? nil : period)
    }
}
