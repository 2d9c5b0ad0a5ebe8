internal import ArgumentParser
internal import LinuxSystem
internal import Logging
internal import Observability
internal import ServicePolicy

/// The node daemon.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the node daemon: Services into the kernel, their names into DNS.",
        discussion: """
            SIGTERM, SIGINT and SIGHUP end the daemon and leave its rules in place, so that traffic goes on while it \
            restarts; `fairway cleanup` removes them. Logs go to standard error, one line an event.
            """)

    @OptionGroup(title: "Source") var source: SourceOptions
    @OptionGroup(title: "Kubernetes API") var api: APIOptions
    @OptionGroup(title: "Services") var services: ServiceOptions
    @OptionGroup(title: "The ebpf mode") var ebpf: BPFOptions
    @OptionGroup(title: "The userspace mode") var userspace: UserspaceOptions
    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup(title: "Pacing") var pacing: PacingOptions
    @OptionGroup(title: "Listening") var listening: ListenOptions
    @OptionGroup(title: "DNS") var dns: DNSOptions

    @Flag(name: .shortAndLong, help: "Log each synchronisation too.")
    var verbose = false

    @Flag(
        help: """
            Take over from the fairway run that works here: make sure that this one can work, answer DNS beside it, then \
            ask it to end and carry on with its rules. No question over UDP is lost.
            """)
    var takeOver = false

    @Flag(help: "Remove everything Fairway put into the kernel and exit, as `fairway cleanup`.")
    var cleanup = false

    func run() async throws {
        if cleanup { return try CleanupCommand.removeEverything(stateDirectory: source.stateDir, pinPath: try ebpf.pins.path()) }
        let hostName: String
        do {
            hostName = try LinuxSystem.hostName()
        } catch {
            throw CommandFailure.failed("cannot read the host's name (\(error)); give --hostname-override NAME")
        }
        let (healthz, metrics) = (try listening.healthz(), try listening.metrics())
        let dns = try dnsConfiguration(hostName: hostName)
        try ListenAddress.requireDistinct([healthz, metrics, dns?.health, dns?.ready, dns?.metrics])
        var policy = try services.policyOptions(hostName: hostName)
        let objects = try source.source(api, ranges: policy.serviceRanges)
        // A cluster tells its ranges by ServiceCIDRs.
        if case .api = objects, !services.namesServiceRanges { policy.serviceRanges = [] }
        let (mode, localhost) = (try services.mode(), try services.localhostNodePortAddresses())
        // The relay of the userspace mode has them as it has all others.
        if mode == .userspace { policy.moreNodePortAddresses = localhost }
        let configuration = Daemon.Configuration(
            source: objects, stateDirectory: source.stateDir,
            policy: policy, limits: try pacing.limits(),
            healthz: healthz, metrics: metrics,
            adminSocket: listening.admin.adminSocket, node: try node.settings(stateDirectory: source.stateDir),
            closesStaleConnections: services.closeStaleConnections, mode: mode,
            localhostNodePorts: mode == .userspace ? [] : localhost,
            ebpf: try ebpf.settings(closesStaleConnections: services.closeStaleConnections),
            userspace: try userspace.configuration(), dns: dns,
            takesOver: takeOver)
        let level: Logger.Level = verbose ? .debug : .info
        let logger = Logger(label: "fairway") { _ in LineLogHandler(level: level) }
        for flag in OptionsWithoutEffect.flags(of: CommandLine.arguments, configuration) {
            logger.warning("\(flag) has no effect with \(configuration.modeFlags)")
        }
        try await Daemon(configuration: configuration, logger: logger).run()
    }

    /// Nil when nothing says where to answer.
    private func dnsConfiguration(hostName: String) throws(CommandFailure) -> DNSConfiguration? {
        // Also looked at where it is not used: a wrong option is told at once.
        let dns = try dns.configuration(
            listeningAt: dns.dnsBindAddress, reverseRanges: try services.reverseRanges(),
            nodeName: try services.nodeName(hostName: hostName), stateDirectory: source.stateDir)
        let isWanted = !dns.listen.isEmpty || dns.service != nil || !dns.localAddresses.isEmpty
        return isWanted ? dns : nil
    }
}
