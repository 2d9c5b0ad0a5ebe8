internal import ArgumentParser
internal import EndpointSliceController
internal import Glibc
internal import LinuxSystem
internal import Logging
internal import Observability

/// The endpoint controller alone.
struct ControllerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controller", abstract: "Makes EndpointSlices out of pods and writes them to the Kubernetes API.",
        discussion: """
            Does what the endpointslice-controller and the endpointslicemirroring-controller of kube-controller-manager \
            do, and takes their place: run one or the other, not both. Of several replicas one works, which a Lease says; \
            another takes over when that one no longer renews it. Options are named as kube-controller-manager names \
            them. Logs go to standard error, one line an event.
            """)

    @OptionGroup(title: "Kubernetes API") var api: APIOptions

    @Option(help: "Services whose slices are written at a time.")
    var concurrentServiceEndpointSyncs = 5

    @Option(help: "Endpoints in a slice at most, 1 to 1000.")
    var maxEndpointsPerSlice = 100

    @Option(help: "How long a Service waits before its slices are written, as 500ms: changes in between go together.")
    var endpointsliceUpdatesBatchPeriod = "0s"

    @OptionGroup(title: "Leader election") var election: LeaderElectionOptions

    @Option(help: "Where /healthz answers, ADDR:PORT; empty: nowhere; port 0: a free one.")
    var healthzBindAddress = ""

    @Option(help: "Where /metrics answers, ADDR:PORT; empty: nowhere; port 0: a free one.")
    var metricsBindAddress = ""

    @Flag(name: .shortAndLong, help: "Log each write too.")
    var verbose = false

    /// kube-controller-manager's, for kube-proxy's would hold back the first slices of a large cluster.
    private static let (requestsPerSecond, burst) = (20.0, 30)

    func run() async throws {
        var settings = try api.settings()
        if settings.requestsPerSecond == APIOptions.Settings.defaultRequestsPerSecond,
            settings.burst == APIOptions.Settings.defaultBurst
        {
            (settings.requestsPerSecond, settings.burst) = (Self.requestsPerSecond, Self.burst)
        }
        guard settings.endpointsFrom != .slices else {
            throw CommandFailure.usage("--endpoints-from slices: the controller makes slices out of pods; leave the option out")
        }
        let configuration = ControllerDaemon.Configuration(
            source: try APISource(settings), publisher: try publisherSettings(), election: try election.settings(),
            identity: try identity(), healthz: try listen(healthzBindAddress, "--healthz-bind-address"),
            metrics: try listen(metricsBindAddress, "--metrics-bind-address"))
        try ListenAddress.requireDistinct([configuration.healthz, configuration.metrics])
        let level: Logger.Level = verbose ? .debug : .info
        let logger = Logger(label: "fairway") { _ in LineLogHandler(level: level) }
        try await ControllerDaemon(configuration: configuration, logger: logger).run()
    }

    private func publisherSettings() throws(CommandFailure) -> SlicePublisherSettings {
        var settings = SlicePublisherSettings()
        guard (1...1000).contains(concurrentServiceEndpointSyncs) else {
            throw .usage("--concurrent-service-endpoint-syncs \(concurrentServiceEndpointSyncs): expected 1 to 1000")
        }
        guard (1...1000).contains(maxEndpointsPerSlice) else {
            throw .usage("--max-endpoints-per-slice \(maxEndpointsPerSlice): expected 1 to 1000")
        }
        guard let period = DurationText.parse(endpointsliceUpdatesBatchPeriod) else {
            throw .usage(
                "--endpointslice-updates-batch-period \(endpointsliceUpdatesBatchPeriod): expected a duration, as 500ms or 0")
        }
        settings.workers = concurrentServiceEndpointSyncs
        settings.maxEndpointsPerSlice = maxEndpointsPerSlice
        settings.batchPeriod = period
        return settings
    }

    /// As kube-controller-manager's: told apart from a predecessor on the same host.
    private func identity() throws(CommandFailure) -> String {
        do {
            return "\(try LinuxSystem.hostName())_\(UInt64.random(in: 0...UInt64.max))"
        } catch { throw .failed("cannot read the host's name: \(error)") }
    }

    /// Beside a node daemon on the same host, no port is a good default.
    private func listen(_ text: String, _ flag: String) throws(CommandFailure) -> ListenAddress? {
        do throws(ListenError) {
            return try ListenAddress.parse(text, flag: flag, defaultPort: 10257)
        } catch {
            throw .usage("\(error)")
        }
    }
}
