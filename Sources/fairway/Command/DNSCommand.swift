internal import ArgumentParser
internal import LinuxSystem
internal import Logging

/// Names alone.
struct DNSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dns", abstract: "Answers cluster DNS, and nothing else.",
        discussion: """
            Needs no rights, but for a port below 1024. A second one beside it shares its addresses and answers once its \
            zone is complete; end the first with SIGTERM then, and no question over UDP is lost. `fairway get zone` and \
            `fairway get dns` show what it holds. Logs go to standard error, one line an event.
            """)

    @OptionGroup(title: "Source") var source: SourceOptions
    @OptionGroup(title: "Kubernetes API") var api: APIOptions

    @Option(help: "This node's name, as Pods and Nodes spell it (default: the host's name in lower case).")
    var hostnameOverride: String?

    @Option(help: "Ranges of ClusterIPs, a comma-separated list of CIDRs, at most one of each family.")
    var serviceClusterIpRange = ServiceOptions.defaultServiceRanges

    @Option(help: "Addresses of pods, a comma-separated list of CIDRs (default: the podCIDRs of Nodes).")
    var clusterCidr = ""

    @OptionGroup(title: "DNS") var dns: DNSOptions

    @Option(help: "The admin socket, for fairway get; empty: none.")
    var adminSocket = AdminOptions.dnsSocket

    @Flag(help: "Start beside a fairway dns with the same admin socket and pages, which take their place as it ends.")
    var takeOver = false

    @Flag(name: .shortAndLong, help: "Log each change too.")
    var verbose = false

    func run() async throws {
        var services = ServiceOptions()
        services.hostnameOverride = hostnameOverride
        services.serviceClusterIpRange = serviceClusterIpRange
        services.clusterCidr = clusterCidr
        let nodeName = try services.nodeName(hostName: (try? LinuxSystem.hostName()) ?? "localhost")
        let addresses = dns.dnsBindAddress.isEmpty ? [DNSOptions.standaloneAddress] : dns.dnsBindAddress
        let configuration = DNSDaemon.Configuration(
            source: try source.source(api, ranges: try services.serviceRanges()),
            dns: try dns.configuration(
                listeningAt: addresses, reverseRanges: try services.reverseRanges(), nodeName: nodeName,
                stateDirectory: source.stateDir),
            adminSocket: adminSocket, takesOver: takeOver)
        let level: Logger.Level = verbose ? .debug : .info
        let logger = Logger(label: "fairway") { _ in LineLogHandler(level: level) }
        try await DNSDaemon(configuration: configuration, logger: logger).run()
    }
}
