internal import ArgumentParser
internal import LinuxSystem
internal import Logging
internal import ManifestSource
internal import NetworkTypes
internal import NodeConfiguration
internal import Observability
internal import ServicePolicy

/// The node daemon.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the node daemon: Services into the kernel, their names into DNS.",
        discussion: """
            SIGTERM, SIGINT and SIGHUP end the daemon and leave its rules in place, so that traffic goes on while it \
            restarts; `fairway cleanup` removes them. Logs go to standard error, one line an event. kube-proxy's flags are \
            taken as kube-proxy takes them; one that nothing comes of here is told in a warning.
            """, version: Version.text)

    @OptionGroup(title: "Source") var source: SourceOptions
    @OptionGroup(title: "Kubernetes API") var api: APIOptions
    @OptionGroup(title: "Services") var services: ServiceOptions
    @OptionGroup(title: "The ebpf mode") var ebpf: BPFOptions
    @OptionGroup(title: "The userspace mode") var userspace: UserspaceOptions
    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup(title: "Pacing") var pacing: PacingOptions
    @OptionGroup(title: "Listening") var listening: ListenOptions
    @OptionGroup(title: "DNS") var dns: DNSOptions
    @OptionGroup(title: "kube-proxy's names") var kubeProxy: KubeProxyOptions
    @OptionGroup(title: "Configuration") var file: FileOptions

    @Flag(name: .shortAndLong, help: "Log each synchronisation too.")
    var verbose = false

    @Option(help: "How much is logged, as kube-proxy's -v N: from 4 each synchronisation too.")
    var verbosity: Int?

    @Flag(
        help: """
            Take over from the fairway run that works here: make sure that this one can work, answer DNS beside it, then \
            ask it to end and carry on with its rules. No question over UDP is lost.
            """)
    var takeOver = false

    @Flag(help: "Remove everything Fairway and kube-proxy put into the kernel and exit, as `fairway cleanup`.")
    var cleanup = false

    func run() async throws {
        // What comes after the command's name: flags of the root have none of run's.
        let given = FlagList(CommandLine.arguments.drop { $0 != Self.configuration.commandName }.dropFirst())
        let plan = try RunPlan(given, parsed: self)
        do {
            try await plan.command.follow(plan)
        } catch let failure as CommandFailure {
            throw plan.located(failure)
        }
    }

    private func follow(_ plan: RunPlan) async throws {
        let verbosity = LogVerbosity(logLevel)
        let logger = Logger(label: "fairway") { _ in LineLogHandler(verbosity) }
        let isDaemon = file.writeConfigTo == nil && !cleanup
        // What is wrong is told first, and alone.
        let checked = isDaemon ? try daemonConfiguration(needsSource: !file.initOnly) : nil
        for warning in plan.warnings { logger.warning("\(warning)") }
        if let path = file.writeConfigTo { return try plan.writeConfiguration(to: path) }
        guard var configuration = checked else {
            return try CleanupCommand.removeEverything(stateDirectory: source.stateDir, pinPath: try ebpf.pins.path())
        }
        if let score = configuration.node.outOfMemoryScore { OutOfMemoryScore.set(score, logger: logger) }
        if file.initOnly { return try InitialSetup(configuration, logger: logger).run() }
        for flag in OptionsWithoutEffect.flags(of: plan.flags.arguments, configuration) {
            logger.warning("\(flag) has no effect with \(configuration.modeFlags)")
        }
        configuration.reload = ConfigurationReload(plan, verbosity: verbosity)
        try await Daemon(configuration: configuration, logger: logger).run()
    }

    var logLevel: Logger.Level { LogVerbosity.level(verbosity: verbosity, isVerbose: verbose) }

    /// The options as values, or one line that says which is wrong.
    ///
    /// - Parameter needsSource: false where no object will be read.
    func daemonConfiguration(needsSource: Bool = true) throws(CommandFailure) -> Daemon.Configuration {
        let hostName: String
        do throws(Errno) {
            hostName = try LinuxSystem.hostName()
        } catch {
            throw CommandFailure.failed("cannot read the host's name (\(error)); give --hostname-override NAME")
        }
        let writtenMode = services.writtenMode
        let (healthz, metrics) = (
            try listening.healthz(port: kubeProxy.healthzPort), try listening.metrics(port: kubeProxy.metricsPort)
        )
        try kubeProxy.unused.check()
        let dns = try dnsConfiguration(hostName: hostName)
        try ListenAddress.requireDistinct([healthz, metrics, dns?.health, dns?.ready, dns?.metrics])
        var policy = try services.policyOptions(hostName: hostName, otherScheduler: kubeProxy.scheduler(of: writtenMode)?.name)
        let objects = try self.objects(isNeeded: needsSource, ranges: policy.serviceRanges)
        // A cluster tells its ranges by ServiceCIDRs.
        if case .api = objects, !services.namesServiceRanges { policy.serviceRanges = [] }
        let (mode, localhost) = (try services.mode(), try localhostNodePorts())
        // The relay of the userspace mode has them as it has all others.
        if mode == .userspace { policy.moreNodePortAddresses = localhost }
        return Daemon.Configuration(
            source: objects, stateDirectory: source.stateDir,
            policy: policy, limits: try pacing.limits(try kubeProxy.limits(of: writtenMode)),
            healthz: healthz, metrics: metrics,
            adminSocket: listening.admin.adminSocket, node: try node.settings(stateDirectory: source.stateDir),
            closesStaleConnections: services.closeStaleConnections, mode: mode,
            localhostNodePorts: mode == .userspace ? [] : localhost,
            ebpf: try ebpf.settings(closesStaleConnections: services.closeStaleConnections),
            userspace: try userspace.configuration(), dns: dns,
            takesOver: takeOver)
    }

    /// Where objects come from; where none will be read, nothing is asked of the API's options but that they are right.
    private func objects(isNeeded: Bool, ranges: [IPPrefix]) throws(CommandFailure) -> ObjectSource {
        if isNeeded { return try source.source(api, ranges: ranges) }
        _ = try api.settings()
        return .manifests(paths: source.manifests, AllocationSettings(clusterRanges: ranges, stateDirectory: ""))
    }

    /// Loopback addresses with NodePorts; kube-proxy's flag is for its mode iptables alone.
    private func localhostNodePorts() throws(CommandFailure) -> [IPAddress] {
        var services = services
        if kubeProxy.iptablesLocalhostNodeports == true, services.writtenMode.name == "iptables" {
            services.nodeportAddresses += ",localhost"
        }
        return try services.localhostNodePortAddresses()
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
