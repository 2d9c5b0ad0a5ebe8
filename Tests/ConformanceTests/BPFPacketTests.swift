import ConformanceTesting
import NetworkNamespaceTesting
import Testing

/// The contract with real packets, against the kernel's programs: sockets of the node are balanced at connect().
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces, loads BPF programs"), .serialized,
    BPFRunner { $0.isOnNode })
struct BPFSocketTests {
    static let features = Set(DataplaneFeature.allCases)

    @Test("Connections go where the contract demands", arguments: ConformanceSuite.representatives(for: features))
    func passes(_ row: ConformanceCase) async throws {
        let runner = try #require(PacketRunner.current)
        let violations = try await runner.violations(row)
        #expect(violations == [])
    }
}

/// The same where no pod is in the cgroup: what pods send is translated on its way, as what comes from elsewhere is. What
/// the node sends to its own addresses never leaves it, and is balanced at connect() or not at all.
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces, loads BPF programs"), .serialized,
    BPFRunner { $0 == .node })
struct BPFPacketTests {
    @Test("Packets go where the contract demands", arguments: ConformanceSuite.representatives(for: BPFSocketTests.features))
    func passes(_ row: ConformanceCase) async throws {
        let runner = try #require(PacketRunner.current)
        let violations = try await runner.violations(row)
        #expect(violations == [])
    }
}
