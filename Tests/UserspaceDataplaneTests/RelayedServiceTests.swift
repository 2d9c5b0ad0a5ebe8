import Dataplane
import DataplaneTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import UserspaceDataplane

/// From a client by the redirection and the relay to a pod, over steps of the table.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"), .timeLimit(.minutes(1)))
struct RelayedServiceTests {
    private static let relayed = OriginVerdicts(all: .balance(.cluster, masquerade: false))

    private static func table(_ topology: ServiceTopology, _ family: IPFamily) -> ServiceTable {
        let pod = SocketAddress(topology.pods[0].address(family), port: 8080)
        let clusterIP = family == .ipv4 ? "10.96.0.10" : "fd00:10:96::10"
        let ports = [TransportProtocol.tcp, .udp].map { transport in
            ServicePort.named(
                "web", transport, family: family, cluster: [.at("\(pod)", isLocal: true)],
                frontends: [.clusterIP(clusterIP, 80, relayed), .nodePort(30080, relayed)])
        }
        return .of(
            ports, node: NodeTable(localDetector: .none, nodePortAddresses: [ServiceTopology.nodeAddress(family)]))
    }

    @Test("a connection that was taken goes on when its Service is gone", arguments: IPFamily.allCases, [true, false])
    func establishedGoesOn(family: IPFamily, isFromNode: Bool) async throws {
        let topology = try await ServiceTopology.make(pods: 1)
        let server = try await topology.pods[0].namespace.inside {
            try EchoServer(at: SocketAddress(IPAddress(bits: 0, family: family), port: 8080))
        }
        let before = Self.table(topology, family)
        let after = ServiceTable(node: before.node)
        let clusterIP = SocketAddress(.text(family == .ipv4 ? "10.96.0.10" : "fd00:10:96::10"), port: 80)
        let sender = isFromNode ? topology.node : topology.client
        let (first, second, refused) = try await topology.node.inside {
            let relay = try UserspaceRelay(UserspaceSettings())
            var dataplane = try UserspaceDataplane(UserspaceSettings(), relay: relay)
            _ = try dataplane.synchronize(before, family: family)
            let client = try sender.insideBlocking { try OpenClient(.tcp, to: clusterIP) }
            let first = try client.exchange("before")
            _ = try dataplane.apply(after.changes(from: before), family: family)
            let second = try client.exchange("after")
            // Not a ClusterIP any more, and nobody's address: nothing of the relay's answers.
            let next = try sender.insideBlocking { try? OpenClient(.udp, to: clusterIP).exchange("new") }
            withExtendedLifetime(relay) {}
            return (first, second, next ?? "")
        }
        #expect(first == "before")
        #expect(second == "after")
        #expect(refused.isEmpty)
        withExtendedLifetime(server) {}
        topology.close()
    }

    @Test("an answer to the node's own port is not taken for a NodePort's", arguments: IPFamily.allCases)
    func ownPort(family: IPFamily) async throws {
        let topology = try await ServiceTopology.make(pods: 1)
        let server = try await topology.client.inside {
            try EchoServer(at: SocketAddress(IPAddress(bits: 0, family: family), port: 5300))
        }
        let table = Self.table(topology, family)
        let own = SocketAddress(ServiceTopology.nodeAddress(family), port: 30080)
        let target = SocketAddress(ServiceTopology.clientAddress(family), port: 5300)
        let answers = try await topology.node.inside {
            let relay = try UserspaceRelay(UserspaceSettings())
            var dataplane = try UserspaceDataplane(UserspaceSettings(), relay: relay)
            _ = try dataplane.synchronize(table, family: family)
            let answers = try [TransportProtocol.udp, .tcp].map { transport in
                try OpenClient(transport, from: own, to: target).exchange("mine")
            }
            withExtendedLifetime(relay) {}
            return answers
        }
        #expect(answers == ["mine", "mine"])
        withExtendedLifetime(server) {}
        topology.close()
    }
}
