import DataplaneTesting
import NetworkTypes
import ServiceTable

@testable import UserspaceDataplane

/// Services whose frontends have every action there is, in one family.
struct RedirectionFixture {
    let family: IPFamily
    var detector = LocalDetector.sourcePrefixes([])

    init(_ family: IPFamily) {
        self.family = family
        detector = .sourcePrefixes([family == .ipv4 ? Self.prefix("10.244.0.0/24") : Self.prefix("fd00:10:244::/64")])
    }

    static func prefix(_ text: String) -> IPPrefix {
        guard let prefix = IPPrefix(text) else { preconditionFailure("no prefix: \(text)") }
        return prefix
    }

    /// Addresses of the Service range by their last number.
    func address(_ number: Int) -> String { family == .ipv4 ? "10.96.0.\(number)" : "fd00:10:96::\(number)" }
    var nodeAddress: IPAddress { .text(family == .ipv4 ? "192.0.2.1" : "2001:db8:2::1") }
    var clientAddress: IPAddress { .text(family == .ipv4 ? "192.0.2.2" : "2001:db8:2::2") }

    static let relay = Verdict.balance(.cluster, masquerade: false)

    func ports(_ transport: TransportProtocol) -> [ServicePort] {
        func port(_ name: String, _ frontends: [Frontend]) -> ServicePort {
            .named(
                name, transport, family: family, cluster: [.at(family == .ipv4 ? "10.244.0.10:80" : "[fd00:10:244::10]:80")],
                frontends: frontends)
        }
        let relayed = OriginVerdicts(all: Self.relay)
        return [
            port("web", [.clusterIP(address(10), 80, relayed), .nodePort(30080, relayed)]),
            port("empty", [.clusterIP(address(11), 80, OriginVerdicts(all: .reject)), .nodePort(30081, OriginVerdicts(all: .reject))]),
            port("elsewhere", [.clusterIP(address(12), 80, OriginVerdicts(pod: Self.relay, node: .reject, outside: .drop))]),
            port("private", [.loadBalancerIP(address(13), 80, relayed, from: [IPPrefix(clientAddress)])]),
        ]
    }

    func table(_ transports: [TransportProtocol] = [.tcp, .udp]) -> ServiceTable {
        .of(
            transports.flatMap(ports),
            node: NodeTable(
                localDetector: detector, nodePortAddresses: [nodeAddress],
                serviceRanges: [Self.prefix(family == .ipv4 ? "10.96.0.0/12" : "fd00:10:96::/112")]))
    }
}
