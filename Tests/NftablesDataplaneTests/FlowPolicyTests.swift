import DataplaneTesting
import NetworkTypes
import ServiceTable
import Testing

/// Who reaches which endpoints with which source address, under every policy.
@Suite struct FlowPolicyTests {
    enum Setting: String, Sendable, CaseIterable { case standard, noDetector, masqueradeAll, both }

    struct Row: CustomTestStringConvertible, Sendable {
        let sender: PolicyFixture.Sender
        let target: PolicyFixture.Target
        let policy: PolicyFixture.Policy
        /// In the order of `Setting.allCases`.
        let expected: [String]
        var testDescription: String { "\(sender) to \(target), \(policy.rawValue)" }
    }

    private static func row(
        _ sender: PolicyFixture.Sender, _ target: PolicyFixture.Target, _ policy: PolicyFixture.Policy,
        _ expected: String...
    ) -> Row {
        Row(sender: sender, target: target, policy: policy, expected: expected)
    }

    // Columns: with a detector; without; masquerade-all; masquerade-all without a detector.
    static let rows: [Row] =
        [
            row(.pod, .clusterIP, .standard, "ALL", "ALL", "ALL M", "ALL M"),
            row(.pod, .clusterIP, .externalLocal, "ALL", "ALL", "ALL M", "ALL M"),
            row(.pod, .clusterIP, .internalLocal, "LOC", "LOC", "LOC M", "LOC M"),
            row(.node, .clusterIP, .standard, "ALL M", "ALL", "ALL M", "ALL M"),
            row(.node, .clusterIP, .externalLocal, "ALL M", "ALL", "ALL M", "ALL M"),
            row(.node, .clusterIP, .internalLocal, "LOC M", "LOC", "LOC M", "LOC M"),
            row(.outside, .clusterIP, .standard, "ALL M", "ALL", "ALL M", "ALL M"),
            row(.outside, .clusterIP, .externalLocal, "ALL M", "ALL", "ALL M", "ALL M"),
            row(.outside, .clusterIP, .internalLocal, "LOC M", "LOC", "LOC M", "LOC M"),
        ]
        + [PolicyFixture.Target.nodePort, .loadBalancer].flatMap { target in
            [
                row(.pod, target, .standard, "ALL M", "ALL M", "ALL M", "ALL M"),
                // Without a detector a pod is not known to be one.
                row(.pod, target, .externalLocal, "ALL", "LOC", "ALL", "LOC"),
                row(.pod, target, .internalLocal, "ALL M", "ALL M", "ALL M", "ALL M"),
                row(.node, target, .standard, "ALL M", "ALL M", "ALL M", "ALL M"),
                row(.node, target, .externalLocal, "ALL M", "ALL M", "ALL M", "ALL M"),
                row(.node, target, .internalLocal, "ALL M", "ALL M", "ALL M", "ALL M"),
                row(.outside, target, .standard, "ALL M", "ALL M", "ALL M", "ALL M"),
                row(.outside, target, .externalLocal, "LOC", "LOC", "LOC", "LOC"),
                row(.outside, target, .internalLocal, "ALL M", "ALL M", "ALL M", "ALL M"),
            ]
        }

    @Test func thereAreTwentySevenFlows() { #expect(Self.rows.count == 27) }

    @Test(arguments: rows, IPFamily.allCases)
    func reachesItsEndpoints(_ row: Row, _ family: IPFamily) throws {
        for transport in TransportProtocol.allCases {
            for (setting, expected) in zip(Setting.allCases, row.expected) {
                let fixture = PolicyFixture(
                    family: family, transport: transport, policy: row.policy,
                    hasDetector: setting == .standard || setting == .masqueradeAll,
                    masqueradesAll: setting == .masqueradeAll || setting == .both)
                let found = try fixture.tracer().outcomes(fixture.packet(row.sender, row.target))
                #expect(found == fixture.outcomes(expected), "\(transport), \(setting): \(expected)")
            }
        }
    }

    struct EmptyRow: CustomTestStringConvertible, Sendable {
        let name: String
        var policy = PolicyFixture.Policy.standard
        let remote: [String]
        /// Expectation for pod, node and outside at the ClusterIP, and at NodePort and load balancer.
        let clusterIP: [String]
        let external: [String]
        var testDescription: String { name }
    }

    static let emptyRows: [EmptyRow] = [
        EmptyRow(
            name: "no endpoint anywhere", remote: [], clusterIP: ["rejected", "rejected", "rejected"],
            external: ["rejected", "rejected", "rejected"]),
        EmptyRow(
            name: "no endpoint anywhere, external local", policy: .externalLocal, remote: [],
            clusterIP: ["rejected", "rejected", "rejected"], external: ["rejected", "rejected", "rejected"]),
        EmptyRow(
            name: "none on this node, internal local", policy: .internalLocal, remote: ["1"],
            clusterIP: ["dropped", "dropped", "dropped"], external: ["ALL M", "ALL M", "ALL M"]),
        EmptyRow(
            name: "none on this node, external local", policy: .externalLocal, remote: ["1"],
            clusterIP: ["ALL", "ALL M", "ALL M"], external: ["ALL", "ALL M", "dropped"]),
        EmptyRow(
            name: "none on this node, both local", policy: .bothLocal, remote: ["1"],
            clusterIP: ["dropped", "dropped", "dropped"], external: ["ALL", "ALL M", "dropped"]),
    ]

    @Test(arguments: emptyRows, IPFamily.allCases)
    func refusesWhatHasNoEndpoint(_ row: EmptyRow, _ family: IPFamily) throws {
        for transport in TransportProtocol.allCases {
            let fixture = PolicyFixture(
                family: family, transport: transport, policy: row.policy, remote: row.remote, local: [])
            let tracer = try fixture.tracer()
            for (index, sender) in PolicyFixture.Sender.allCases.enumerated() {
                for target in PolicyFixture.Target.allCases {
                    let expected = target == .clusterIP ? row.clusterIP[index] : row.external[index]
                    let packet = fixture.packet(sender, target)
                    #expect(try tracer.outcomes(packet) == fixture.outcomes(expected), "\(packet): \(expected)")
                }
            }
        }
    }

    @Test(arguments: IPFamily.allCases)
    func refusesNewConnectionsOnly(_ family: IPFamily) throws {
        let fixture = PolicyFixture(family: family, remote: [], local: [])
        let tracer = try fixture.tracer()
        for sender in PolicyFixture.Sender.allCases {
            var packet = fixture.packet(sender, .clusterIP)
            packet.isNewConnection = false
            #expect(try tracer.outcomes(packet) == [.untouched])
        }
    }
}
