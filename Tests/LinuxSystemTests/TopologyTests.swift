import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@Suite("Namespaces of tests", .enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct TopologyTests {
    @Test("pods reach each other, the node and the client, in both families", arguments: IPFamily.allCases)
    func connectivity(_ family: IPFamily) async throws {
        let topology = try await ServiceTopology.make(pods: 2)
        defer { topology.close() }
        let flag = family == .ipv4 ? "-4" : "-6"
        for target in [topology.pods[1].address(family), ServiceTopology.podGateway(family), ServiceTopology.nodeAddress(family)] {
            let output = try await topology.pods[0].namespace.run(["ping", flag, "-c1", "-W2", "\(target)"])
            #expect(output.status.isSuccess, "to \(target): \(output)")
        }
    }
}
