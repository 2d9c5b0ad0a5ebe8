internal import ClusterZone
internal import DNSForwarder
internal import DNSServer
internal import LinuxSystem
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NetworkTypes

/// Asks other servers, and tells how that goes.
protocol UpstreamForwarder: QuestionForwarder {
    var statistics: ForwarderStatistics { get }
    /// Closes its sockets; what is still asked gets SERVFAIL.
    func end() async
}

extension Forwarder: UpstreamForwarder {
    func end() async { try? await shutdown().get() }
}

extension DNSService {
    static let resolvConf = "/etc/resolv.conf"

    /// Nil where nobody is to be asked.
    static func makeForwarder(
        _ configuration: DNSConfiguration, _ zones: ZonePublisher, hostAddresses: [IPAddress],
        limits: ForwarderLimits, logger: Logger
    ) throws -> (any UpstreamForwarder)? {
        let upstreams: [UpstreamAddress]
        switch configuration.forwarding {
        case .none:
            guard !configuration.stubs.isEmpty else { return nil }
            upstreams = []
        case .servers(let servers): upstreams = servers
        case .resolvConf: upstreams = try serversOfNode(logger)
        }
        var forwarding = ForwarderConfiguration(upstreams: upstreams, stubDomains: configuration.stubs)
        forwarding.listeningAddresses = configuration.listen.compactMap { address in
            PortNumber(rawValue: address.port).map { .init(address.address, port: $0) }
        } + configuration.localAddresses.map { .init($0, port: 53) }
        forwarding.localAddresses = hostAddresses
        forwarding.limits = limits
        forwarding.cache.byteLimit = configuration.cacheBytes
        // Of the zone in force: ranges grow with the nodes.
        forwarding.isOwn = { zones.zone.owns($0) }
        do {
            return try Forwarder(configuration: forwarding, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    /// What /etc/resolv.conf says; a byte beyond the limit tells that it is too long.
    static func textOfResolvConf() throws(Errno) -> String {
        String(decoding: try FileDescriptor(opening: resolvConf).readAll(limit: ResolvConf.byteLimit + 1), as: UTF8.self)
    }

    /// The servers of /etc/resolv.conf.
    private static func serversOfNode(_ logger: Logger) throws(CommandFailure) -> [UpstreamAddress] {
        let text: String
        do throws(Errno) {
            text = try textOfResolvConf()
        } catch {
            if error == .noEntry {
                logger.warning("\(resolvConf): \(error): names outside the cluster get SERVFAIL; give --dns-upstream ADDR")
                return []
            }
            throw .failed("\(resolvConf): \(error); give --dns-upstream ADDR, or --dns-upstream none")
        }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        while true {
            do throws(ResolvConfError) {
                let read = try ResolvConf(lines.joined(separator: "\n"), path: resolvConf)
                for warning in read.warnings { logger.warning("\(warning)") }
                return read.nameservers
            } catch {
                guard lines.indices.contains(error.line - 1), !lines[error.line - 1].isEmpty else {
                    throw .failed("\(error); give --dns-upstream ADDR, or --dns-upstream none")
                }
                logger.warning("\(error); the line is left out")
                lines[error.line - 1] = ""
            }
        }
    }
}
