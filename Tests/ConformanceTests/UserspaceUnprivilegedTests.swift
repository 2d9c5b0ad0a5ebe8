import ConformanceTesting
import LinuxSystem
import NetworkNamespaceTesting
import Relay
import ServiceTable
import Synchronization
import Testing
import UserspaceDataplane

/// The contract with real packets as far as a plain user's relay can keep it, frontends being bound: `UnprivilegedRow.table`
/// says which flows those are, what differs in them and why the others cannot be.
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces, and becomes nobody in them"), .serialized,
    UnprivilegedRunner())
struct UserspaceUnprivilegedPacketTests {
    @Test(
        "Connections go where the contract demands",
        arguments: ConformanceSuite.representatives(for: UserspacePacketTests.features).filter(UnprivilegedTableTests.runs))
    func passes(_ row: ConformanceCase) async throws {
        let runner = try #require(PacketRunner.current)
        let violations = try await runner.violations(row)
        #expect(violations == [])
    }
}

/// The table of what runs without privilege is the whole contract's.
@Suite struct UnprivilegedTableTests {
    private static let rows = ConformanceSuite.representatives(for: UserspacePacketTests.features)

    /// The kinds of each flow of a case, over its steps.
    private static func kinds(_ row: ConformanceCase) -> [(flow: ConformanceFlow, kinds: [UnprivilegedRow])] {
        var cluster = ConformanceCluster(row.options)
        return row.steps.flatMap { step in
            cluster.apply(step.events)
            let table = cluster.table
            return step.flows.map { ($0, UnprivilegedRow.rows(for: $0, row.options, in: table)) }
        }
    }

    /// Some flow of the case can be asked.
    static func runs(_ row: ConformanceCase) -> Bool {
        kinds(row).contains { flow in
            flow.kinds.contains { if case .impossible = $0.use { false } else { true } }
        }
    }

    @Test("every flow of the contract is of one kind, and every kind has flows") func complete() {
        var used: [String: Int] = [:]
        for row in Self.rows {
            for (flow, kinds) in Self.kinds(row) {
                #expect(kinds.count == 1, "\(row): \(flow), \(flow.expected): \(kinds)")
                for kind in kinds { used[kind.description, default: 0] += 1 }
            }
        }
        for kind in UnprivilegedRow.table { #expect(used[kind.description] != nil, "\(kind) is nowhere") }
        #expect(Set(UnprivilegedRow.table.map(\.description)).count == UnprivilegedRow.table.count)
    }

    /// Cases without a flow that can be asked, by their names up to family and protocol, and why.
    private static let impossible: [String: Set<UnprivilegedRow.Reason>] = [
        "a client is sent elsewhere when its endpoint goes, and stays while others come and go": [.pastTheProcess],
        "a source that is not allowed is dropped though there are no endpoints": [.pastTheProcess],
        "by annotation, the ports of a Service remember clients together": [.pastTheProcess],
        "each port of a Service has its own target port": [.pastTheProcess],
        "each port of a Service remembers clients by itself": [.pastTheProcess],
        "source ranges come, change and go": [.pastTheProcess],
        """
        with externalTrafficPolicy Local clients at external addresses are sent elsewhere on this node when their endpoint goes
        """: [.pastTheProcess],
        "an unused port of a ClusterIP is refused though no Service range is known": [.nothingToBind],
        "an unused port of a ClusterIP is refused though the Service has no endpoints": [.nothingToBind],
        "an unused protocol of a ClusterIP is refused": [.nothingToBind],
    ]

    @Test("the cases that cannot run at all are these, for these reasons") func cases() {
        var found: [String: Set<UnprivilegedRow.Reason>] = [:]
        for row in Self.rows where !Self.runs(row) {
            let name = row.name.split(separator: ", IPv")[0]
            for kind in Self.kinds(row).flatMap(\.kinds) {
                if case .impossible(let reason) = kind.use { found[String(name), default: []].insert(reason) }
            }
        }
        for name in Set(found.keys).union(Self.impossible.keys).sorted() {
            #expect(found[name] == Self.impossible[name], "\(name)")
        }
    }
}

/// As `UserspaceRunner`, over a dataplane of nobody's.
private struct UnprivilegedRunner: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let relay = HeldRelay()
        let bound = BoundFrontends { relay.places($0) }
        try await PacketRunner.with(
            {
                var configuration = RelayConfiguration()
                // Thousands of datagrams from as many ports: their sessions are not to hold descriptors for a minute.
                configuration.sessionIdleTimeout = .seconds(2)
                return try NobodysDataplane(configuration) { relay.hold($0) }
            }, excepting: [.sourceOfRelayedConnections], bound: bound
        ) { runner in
            try await PacketRunner.$current.withValue(runner) { try await function() }
        }
    }
}

/// The relay of the dataplane that runs, for who wants to know where it serves.
private final class HeldRelay: Sendable {
    private let relay = Mutex<UserspaceRelay?>(nil)

    func hold(_ relay: UserspaceRelay) { self.relay.withLock { $0 = relay } }

    func places(_ key: FrontendKey) -> [SocketAddress] { relay.withLock { $0 }?.boundPlaces[key] ?? [] }
}
