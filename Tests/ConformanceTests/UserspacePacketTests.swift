import ConformanceTesting
import NetworkNamespaceTesting
import Relay
import Testing
import UserspaceDataplane

/// The contract with real packets, carried by the relay.
///
/// One thing differs in every row: whom a pod sees. The connection that it gets is the relay's own, so that its source is
/// an address of the node whether the contract masquerades or not; what a Service's annotation can do about it is tested
/// with the relay.
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces"), .serialized, UserspaceRunner())
struct UserspacePacketTests {
    static let features = Set(DataplaneFeature.allCases)

    @Test("Connections go where the contract demands", arguments: ConformanceSuite.representatives(for: features))
    func passes(_ row: ConformanceCase) async throws {
        let runner = try #require(PacketRunner.current)
        let violations = try await runner.violations(row)
        #expect(violations == [])
    }
}

/// As `SharedRunner`, over a `UserspaceDataplane` and a relay of its own.
struct UserspaceRunner: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await PacketRunner.with(
            {
                let settings = UserspaceSettings()
                var configuration = RelayConfiguration()
                // Thousands of datagrams from as many ports: their sessions are not to hold descriptors for a minute.
                configuration.sessionIdleTimeout = .seconds(2)
                return try UserspaceDataplane(settings, relay: try UserspaceRelay(settings, configuration))
            }, excepting: [.sourceOfRelayedConnections]
        ) { runner in
            try await PacketRunner.$current.withValue(runner) { try await function() }
        }
    }
}
