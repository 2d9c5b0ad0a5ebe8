import ConformanceTesting
import NetworkNamespaceTesting
import NftablesDataplane
import Testing

/// The contract with real packets, against nf_tables in the kernel.
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces"), .serialized,
    SharedRunner { try NftablesDataplane() })
struct NftablesPacketTests {
    /// What nf_tables does today.
    static let features = Set(DataplaneFeature.allCases)

    @Test("Packets go where the contract demands", arguments: ConformanceSuite.representatives(for: features))
    func passes(_ row: ConformanceCase) async throws {
        let runner = try #require(PacketRunner.current)
        let violations = try await runner.violations(row)
        #expect(violations == [])
    }
}
