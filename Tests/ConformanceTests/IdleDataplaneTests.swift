import ConformanceTesting
import Dataplane
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

/// A dataplane that does nothing at all.
private struct IdleDataplane: Dataplane {
    static let modeName = "idle"
    func adoptOrder() throws(DataplaneError) -> AdoptedOrder { AdoptedOrder() }
    func synchronize(_: ServiceTable, family: IPFamily) throws(DataplaneError) -> SyncReport { SyncReport() }
    func apply(_: ServiceTableChange, family: IPFamily) throws(DataplaneError) -> SyncReport { SyncReport() }
    func cleanup() throws(DataplaneError) -> [String] { [] }
}

/// The packet runner itself: packets that nobody handles are no success.
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces"), .serialized,
    SharedRunner { IdleDataplane() })
struct IdleDataplaneTests {
    @Test("A dataplane that does nothing passes no row", arguments: IPFamily.allCases, [TransportProtocol.tcp, .udp])
    func passesNothing(_ family: IPFamily, _ transport: TransportProtocol) async throws {
        let runner = try #require(PacketRunner.current)
        let web = WebService(family, transport)
        for sender in [Sender.pod, .client] {
            for expected in [Expectation.balanced(to: ["a1"], masqueraded: true), .rejected, .dropped] {
                let row = ConformanceCase(
                    "\(expected)", [web.service()], flows: [web.flow(sender, .loadBalancerIP, expected)])
                let violations = try await runner.violations(row)
                #expect(!violations.isEmpty, "\(row): from \(sender)")
            }
            let untouched = ConformanceCase("untouched", [], flows: [web.flow(sender, .loadBalancerIP, .untouched)])
            let violations = try await runner.violations(untouched)
            #expect(violations == [])
        }
    }
}
