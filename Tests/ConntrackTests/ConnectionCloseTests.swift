import Conntrack
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

/// Connections to removed pods, when they are to be closed.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"), .timeLimit(.minutes(2)))
struct ConnectionCloseTests {
    /// A stream that takes longer than any test, and the pod that answers it.
    private func stream(
        _ node: ServiceNode, from origin: TestNamespace, _ family: IPFamily
    ) async throws -> RunningProcess {
        let target = ServiceNode.target(.clusterIP, family)
        let process = try origin.start(
            [node.echo, "stream", "tcp", "\(target)", "--seconds", "60", "--bytes-per-second", "20000", "--timeout", "30s"])
        try await process.waitForLine(containing: "streaming pod0")
        return process
    }

    @Test("a forwarded connection to a removed pod is reset once its client sends", arguments: IPFamily.allCases)
    func forwarded(family: IPFamily) async throws {
        let node = try await ServiceNode.make()
        defer { node.close() }
        let (before, after) = (node.table(.tcp, pods: [0]), node.table(.tcp, pods: [1]))
        try await node.synchronize(before)
        let client = try await stream(node, from: node.topology.client, family)
        try await node.synchronize(after)
        // The pod itself is gone, and with it whoever could have answered.
        try node.topology.node.configure(["link del veth0"])
        let report = try await node.sweep(from: before, to: after, family: family, closesTCP: true)
        #expect(report.deleted == 1)
        #expect(report.socketsClosed == 0)
        try await client.waitForLine(containing: "failed: reset")
    }

    @Test("a connection of the node's own process is closed at once", arguments: IPFamily.allCases)
    func local(family: IPFamily) async throws {
        let node = try await ServiceNode.make()
        defer { node.close() }
        let (before, after) = (node.table(.tcp, pods: [0]), node.table(.tcp, pods: []))
        try await node.synchronize(before)
        let client = try await stream(node, from: node.topology.node, family)
        try await node.synchronize(after)
        let report = try await node.sweep(from: before, to: after, family: family, closesTCP: true)
        #expect(report.socketsClosed == 1)
        try await client.waitForLine(containing: "failed")
    }

    @Test("unless asked for, connections are left alone")
    func leftAlone() async throws {
        let node = try await ServiceNode.make()
        defer { node.close() }
        let (before, after) = (node.table(.tcp, pods: [0]), node.table(.tcp, pods: [1]))
        try await node.synchronize(before)
        _ = try await stream(node, from: node.topology.client, .ipv4)
        try await node.synchronize(after)
        let report = try await node.sweep(from: before, to: after, family: .ipv4)
        #expect(report == FlowSweeper.Report())
        try await #expect(node.listed("tcp", to: ServiceNode.target(.clusterIP, .ipv4)).count == 1)
    }
}
