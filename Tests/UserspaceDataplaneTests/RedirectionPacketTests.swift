import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import DataplaneTesting
import ServiceTable
import Testing

@testable import UserspaceDataplane

/// Packets of real clients come to the relay's listeners, or are refused, as the table says.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"), .timeLimit(.minutes(2)))
struct RedirectionPacketTests {
    private struct Row: Sendable {
        let sender: RedirectionCode.Origin
        let target: String
        let port: UInt16
        /// Nil: nothing comes back.
        let expected: String?
    }

    private static let refused = "refused"

    /// Addresses `10` to `13` are those of the fixture, `node` the node's own.
    private static let rows: [Row] = [
        Row(sender: .pod, target: "10", port: 80, expected: "pod"), Row(sender: .node, target: "10", port: 80, expected: "node"),
        Row(sender: .outside, target: "10", port: 80, expected: "outside"),
        Row(sender: .pod, target: "node", port: 30080, expected: "pod"),
        Row(sender: .node, target: "node", port: 30080, expected: "node"),
        Row(sender: .outside, target: "node", port: 30080, expected: "outside"),
        Row(sender: .pod, target: "11", port: 80, expected: refused), Row(sender: .node, target: "11", port: 80, expected: refused),
        Row(sender: .outside, target: "11", port: 80, expected: refused),
        Row(sender: .outside, target: "node", port: 30081, expected: refused),
        Row(sender: .node, target: "node", port: 30081, expected: refused),
        Row(sender: .pod, target: "12", port: 80, expected: "pod"), Row(sender: .node, target: "12", port: 80, expected: refused),
        Row(sender: .outside, target: "12", port: 80, expected: nil),
        Row(sender: .outside, target: "13", port: 80, expected: "outside"), Row(sender: .pod, target: "13", port: 80, expected: nil),
        Row(sender: .node, target: "13", port: 80, expected: nil),
        // Other ports of a ClusterIP, and an address of the range that nobody has.
        Row(sender: .outside, target: "10", port: 81, expected: refused), Row(sender: .node, target: "10", port: 81, expected: refused),
        Row(sender: .pod, target: "99", port: 80, expected: nil), Row(sender: .node, target: "99", port: 80, expected: nil),
    ]

    @Test("each origin's packets go to its listener or are refused", arguments: IPFamily.allCases, [TransportProtocol.tcp, .udp])
    func origins(family: IPFamily, transport: TransportProtocol) async throws {
        let topology = try await ServiceTopology.make(pods: 1)
        let fixture = RedirectionFixture(family)
        let settings = UserspaceSettings()
        let table = fixture.table([transport])
        let relay = try await topology.node.inside {
            let relay = try TestRelay(settings.marks)
            var redirection = try Redirection(settings)
            for family in IPFamily.allCases {
                let ports = relay.ports[family] ?? RedirectionPorts()
                _ = try redirection.synchronize(table, family: family, ports: ports)
            }
            return relay
        }
        for row in Self.rows {
            let namespace: TestNamespace
            let address: IPAddress
            switch row.sender {
            case .pod: (namespace, address) = (topology.pods[0].namespace, topology.pods[0].address(family))
            case .node: (namespace, address) = (topology.node, fixture.nodeAddress)
            case .outside: (namespace, address) = (topology.client, fixture.clientAddress)
            }
            let target = row.target == "node" ? fixture.nodeAddress : IPAddress.text(fixture.address(Int(row.target) ?? 0))
            let place = SocketAddress(target, port: row.port)
            let found = try await namespace.ask(
                transport, place, patience: row.expected == nil ? .milliseconds(300) : .seconds(5))
            let expected: ClientReply =
                switch row.expected {
                case nil: .silence
                case Self.refused?: .error(.connectionRefused)
                case let origin?: .answer("\(origin) \(place) \(address)")
                }
            // What the node's own filter refuses or drops may be told by the call itself.
            let isOwnRefusal = row.sender == .node && found == .error(Errno(rawValue: 1))
            if isOwnRefusal && row.expected != "node" { continue }
            #expect(found == expected, "\(row)")
        }
        withExtendedLifetime(relay) {}
        topology.close()
    }
}
