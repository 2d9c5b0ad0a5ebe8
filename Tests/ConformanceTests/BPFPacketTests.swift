import ConformanceTesting
import NetworkNamespaceTesting
import Testing

/// The contract with real packets, against the kernel's programs: sockets of the node are balanced at connect().
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces, loads BPF programs"), .serialized,
    BPFRunner(balancesSockets: true))
struct BPFSocketTests {
    static let features = Set(DataplaneFeature.allCases)

    @Test("Connections go where the contract demands", arguments: ConformanceSuite.representatives(for: features))
    func passes(_ row: ConformanceCase) async throws {
        let runner = try #require(PacketRunner.current)
        let violations = try await runner.violations(row)
        #expect(violations == [])
    }
}

/// The same of packets alone: nobody is in the cgroup, so that masquerading is seen of every sender.
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces, loads BPF programs"), .serialized,
    BPFRunner(balancesSockets: false))
struct BPFPacketTests {
    @Test("Packets go where the contract demands", arguments: ConformanceSuite.representatives(for: BPFSocketTests.features))
    func passes(_ row: ConformanceCase) async throws {
        let runner = try #require(PacketRunner.current)
        let violations = try await runner.violations(row)
        #expect(violations == [])
    }
}
