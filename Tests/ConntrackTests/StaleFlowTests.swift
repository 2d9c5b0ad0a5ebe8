import Conntrack
import DataplaneTesting
import Netlink
import NetworkTypes
import ServiceTable
import Testing

/// Each trigger: which flows are stale after a step of the table.
@Suite struct StaleFlowTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let before: [ServicePort]
        let after: [ServicePort]
        var stale: [ConntrackEntry] = []
        var kept: [ConntrackEntry] = []
        var nodeBefore = StaleFlowTests.node
        var nodeAfter = StaleFlowTests.node
        var closesTCP = false
    }

    static let node = NodeTable(nodePortAddresses: [.text("192.0.2.1"), .text("2001:db8:2::1")])
    static let elsewhere = flow(.udp, "8.8.8.8:53")

    /// The Service `dns`: ClusterIP 10.96.0.10:53 and NodePort 30053.
    static func dns(
        _ transport: TransportProtocol = .udp, to backends: [String], lingering: [String] = [],
        extra: [Frontend] = [], nodePort: Bool = true
    ) -> ServicePort {
        let verdicts = OriginVerdicts(all: backends.isEmpty ? .reject : .cluster)
        var frontends: [Frontend] = [.clusterIP("10.96.0.10", 53, verdicts)] + extra
        if nodePort { frontends.append(.nodePort(30053, verdicts)) }
        let port = ServicePort.named("dns", transport, cluster: backends.map { .at($0) }, frontends: frontends)
        return ServicePort(
            key: port.key, clusterBackends: port.clusterBackends, frontends: frontends,
            lingering: lingering.map { .at($0) })
    }

    static let a = "10.244.0.10:5353"
    static let b = "10.244.0.11:5353"

    static let cases: [Case] = [
        Case(
            testDescription: "an endpoint removed: flows to it through every frontend",
            before: [dns(to: [a, b])], after: [dns(to: [b])],
            stale: [flow(.udp, "10.96.0.10:53", to: a), flow(.udp, "192.0.2.1:30053", to: a)],
            kept: [
                flow(.udp, "10.96.0.10:53", to: b), flow(.udp, "192.0.2.1:30053", to: b),
                // Another host's port of that number, and another protocol.
                flow(.udp, "198.51.100.7:30053", to: a), flow(.tcp, "10.96.0.10:53", to: a), elsewhere,
            ]),
        Case(
            testDescription: "an endpoint removed, of SCTP",
            before: [dns(.sctp, to: [a, b])], after: [dns(.sctp, to: [b])],
            stale: [flow(.sctp, "10.96.0.10:53", to: a)],
            kept: [flow(.sctp, "10.96.0.10:53", to: b), flow(.udp, "10.96.0.10:53", to: a)]),
        Case(
            testDescription: "an endpoint that lingers keeps its flows",
            before: [dns(to: [a, b])], after: [dns(to: [b], lingering: [a])],
            kept: [flow(.udp, "10.96.0.10:53", to: a), flow(.udp, "10.96.0.10:53", to: b)]),
        Case(
            testDescription: "an endpoint that lingered and is gone",
            before: [dns(to: [b], lingering: [a])], after: [dns(to: [b])],
            stale: [flow(.udp, "10.96.0.10:53", to: a)], kept: [flow(.udp, "10.96.0.10:53", to: b)]),
        Case(
            testDescription: "the set became empty: every flow",
            before: [dns(to: [a])], after: [dns(to: [])],
            stale: [flow(.udp, "10.96.0.10:53", to: a), flow(.udp, "192.0.2.1:30053", to: a)], kept: [elsewhere]),
        Case(
            testDescription: "the set became non-empty: flows that were never translated",
            before: [dns(to: [])], after: [dns(to: [a])],
            stale: [flow(.udp, "10.96.0.10:53", answered: false), flow(.udp, "192.0.2.1:30053")],
            kept: [flow(.udp, "10.96.0.10:53", to: a)]),
        Case(
            testDescription: "an endpoint added to others: nothing",
            before: [dns(to: [a])], after: [dns(to: [a, b])],
            kept: [flow(.udp, "10.96.0.10:53", to: a), flow(.udp, "10.96.0.10:53", to: b)]),
        Case(
            testDescription: "the target port changed: flows to the old number",
            before: [dns(to: [a])], after: [dns(to: ["10.244.0.10:9999"])],
            stale: [flow(.udp, "10.96.0.10:53", to: a)], kept: [flow(.udp, "10.96.0.10:53", to: "10.244.0.10:9999")]),
        Case(
            testDescription: "the Service removed: translated flows only",
            before: [dns(to: [a])], after: [],
            stale: [flow(.udp, "10.96.0.10:53", to: a), flow(.udp, "192.0.2.1:30053", to: a)],
            kept: [flow(.udp, "192.0.2.1:30053"), elsewhere]),
        Case(
            testDescription: "a Service added: flows sent before it was there",
            before: [], after: [dns(to: [a])],
            stale: [flow(.udp, "10.96.0.10:53", answered: false)], kept: [elsewhere]),
        Case(
            testDescription: "a frontend added: flows to it that were sent before",
            before: [dns(to: [a])],
            after: [dns(to: [a], extra: [.loadBalancerIP("203.0.113.5", 53, OriginVerdicts(all: .cluster))])],
            stale: [flow(.udp, "203.0.113.5:53", answered: false)],
            kept: [flow(.udp, "203.0.113.5:53", to: a), flow(.udp, "10.96.0.10:53", to: a)]),
        Case(
            testDescription: "a frontend removed: translated flows to it",
            before: [dns(to: [a])], after: [dns(to: [a], nodePort: false)],
            stale: [flow(.udp, "192.0.2.1:30053", to: a)],
            kept: [flow(.udp, "10.96.0.10:53", to: a), flow(.udp, "192.0.2.1:30053")]),
        Case(
            testDescription: "a frontend that refused and is served now",
            before: [ServicePort.named("dns", .udp, cluster: [.at(a)], frontends: [.clusterIP("10.96.0.10", 53, OriginVerdicts(all: .drop))])],
            after: [ServicePort.named("dns", .udp, cluster: [.at(a)], frontends: [.clusterIP("10.96.0.10", 53, OriginVerdicts(pod: .cluster, node: .cluster, outside: .drop))])],
            stale: [flow(.udp, "10.96.0.10:53", answered: false)], kept: [flow(.udp, "10.96.0.10:53", to: a)]),
        Case(
            testDescription: "a frontend that passes to another Service",
            before: [ServicePort.named("old", .udp, cluster: [.at(a)], frontends: [.loadBalancerIP("203.0.113.5", 53, OriginVerdicts(all: .cluster))])],
            after: [ServicePort.named("new", .udp, cluster: [.at(b)], frontends: [.loadBalancerIP("203.0.113.5", 53, OriginVerdicts(all: .cluster))])],
            stale: [flow(.udp, "203.0.113.5:53", to: a), flow(.udp, "203.0.113.5:53", answered: false)],
            kept: [flow(.udp, "203.0.113.5:53", to: b)]),
        Case(
            testDescription: "a backend only one policy has is good for all",
            before: [ServicePort.named("dns", .udp, cluster: [.at(a), .at(b)], local: [.at(a)], frontends: [.nodePort(30053, OriginVerdicts(pod: .cluster, node: .cluster, outside: .local))])],
            after: [ServicePort.named("dns", .udp, cluster: [.at(b)], local: [.at(a)], frontends: [.nodePort(30053, OriginVerdicts(pod: .cluster, node: .cluster, outside: .local))])],
            kept: [flow(.udp, "192.0.2.1:30053", to: a), flow(.udp, "192.0.2.1:30053", to: b)]),
        Case(
            testDescription: "a NodePort address that came: flows sent to it before",
            before: [dns(to: [a])], after: [dns(to: [a])],
            stale: [flow(.udp, "192.0.2.9:30053", answered: false)],
            kept: [flow(.udp, "192.0.2.1:30053", to: a), flow(.udp, "192.0.2.9:30054", answered: false)],
            nodeAfter: NodeTable(nodePortAddresses: [.text("192.0.2.1"), .text("192.0.2.9"), .text("2001:db8:2::1")])),
        Case(
            testDescription: "a NodePort address that went: translated flows to it",
            before: [dns(to: [a])], after: [dns(to: [a])],
            stale: [flow(.udp, "192.0.2.1:30053", to: a)], kept: [flow(.udp, "10.96.0.10:53", to: a)],
            nodeAfter: NodeTable(nodePortAddresses: [.text("2001:db8:2::1")])),
        Case(
            testDescription: "TCP: an endpoint removed is left alone",
            before: [dns(.tcp, to: [a, b])], after: [dns(.tcp, to: [b])],
            kept: [flow(.tcp, "10.96.0.10:53", to: a), flow(.tcp, "10.96.0.10:53", to: a, answered: false)]),
        Case(
            testDescription: "TCP: an unanswered SYN to what is a frontend now",
            before: [dns(.tcp, to: [])], after: [dns(.tcp, to: [a])],
            stale: [flow(.tcp, "10.96.0.10:53", answered: false), flow(.tcp, "192.0.2.1:30053", answered: false)],
            kept: [flow(.tcp, "192.0.2.1:30053"), flow(.tcp, "10.96.0.10:53", to: b)]),
        Case(
            testDescription: "TCP, when it is closed: connections to a removed endpoint",
            before: [dns(.tcp, to: [a, b])], after: [dns(.tcp, to: [b])],
            stale: [flow(.tcp, "10.96.0.10:53", to: a), flow(.tcp, "192.0.2.1:30053", to: a)],
            kept: [flow(.tcp, "10.96.0.10:53", to: b)], closesTCP: true),
        Case(
            testDescription: "TCP, when it is closed: not while the pod still terminates",
            before: [dns(.tcp, to: [a, b])], after: [dns(.tcp, to: [b], lingering: [a])],
            kept: [flow(.tcp, "10.96.0.10:53", to: a)], closesTCP: true),
        Case(
            testDescription: "TCP, when it is closed: not when only the Service is gone",
            before: [dns(.tcp, to: [a])], after: [], kept: [flow(.tcp, "10.96.0.10:53", to: a)], closesTCP: true),
    ]

    @Test("stale after", arguments: cases)
    func stale(_ item: Case) {
        let change = ServiceTable.of(item.after, node: item.nodeAfter)
            .changes(from: ServiceTable.of(item.before, node: item.nodeBefore))
        #expect(change.stale(item.stale + item.kept, closesTCP: item.closesTCP) == item.stale)
    }

    @Test("what a step does not touch is not looked at")
    func untouched() {
        let other = ServicePort.named(
            "other", .udp, cluster: [.at(Self.a)], frontends: [.clusterIP("10.96.0.20", 53, OriginVerdicts(all: .cluster))])
        let change = ServiceTable.of([Self.dns(to: [Self.b]), other], node: Self.node)
            .changes(from: ServiceTable.of([Self.dns(to: [Self.a]), other], node: Self.node))
        let sweeps = StaleFlows(closesTCP: true).sweeps(of: change, family: .ipv4)
        #expect(Set(sweeps.map(\.destination.description)) == ["10.96.0.10:53/udp", "192.0.2.1:30053/udp"])
        #expect(StaleFlows(closesTCP: true).sweeps(of: change, family: .ipv6).isEmpty)
    }

    @Test("after an unknown state everything is looked at, what an earlier process served too")
    func wholeTable() throws {
        let table = ServiceTable.of([Self.dns(to: [Self.a])], node: Self.node)
        let gone = FrontendKey(family: .ipv4, destination: .address(.text("10.96.0.77")), protocol: .udp, port: 53)
        let kept = try #require(table.values.first { _ in true }).frontends[0].key(in: Self.dns(to: []).key)
        let sweeps = StaleFlows(closesTCP: false).sweeps(ofAll: table, former: [gone, kept], family: .ipv4)
        let plan = SweepPlan(sweeps, tables: [table], closesTCP: false)
        #expect(plan.isStale(flow(.udp, "10.96.0.77:53", to: Self.a)))
        #expect(plan.isStale(flow(.udp, "10.96.0.10:53", to: Self.b)))
        #expect(!plan.isStale(flow(.udp, "10.96.0.10:53", to: Self.a)))
        #expect(!plan.isStale(flow(.udp, "10.96.0.77:53")))
    }

    @Test("a flow to a place that is on its way into the kernel is not stale")
    func announced() {
        let change = ServiceTable.of([Self.dns(to: [Self.b])]).changes(from: ServiceTable.of([Self.dns(to: [Self.a])]))
        let sweeps = StaleFlows(closesTCP: false).sweeps(of: change, family: .ipv4)
        let next = ServiceTable.of([Self.dns(to: ["10.244.0.12:5353"])])
        let plan = SweepPlan(sweeps, tables: [change.new, next], closesTCP: false)
        #expect(!plan.isStale(flow(.udp, "10.96.0.10:53", to: "10.244.0.12:5353")))
        #expect(!plan.isStale(flow(.udp, "10.96.0.10:53", to: Self.b)))
        #expect(plan.isStale(flow(.udp, "10.96.0.10:53", to: Self.a)))
    }

    @Test("few frontends are asked for one by one, many share a question with what they have in common")
    func questions() {
        let frontends = (1...20).map { Frontend.clusterIP("10.96.0.\($0)", 53, OriginVerdicts(all: .reject)) }
        let change = ServiceTable.of([.named("dns", .udp, frontends: frontends), Self.dns(.tcp, to: [], nodePort: false)])
            .changes(from: ServiceTable())
        let plan = SweepPlan(
            StaleFlows(closesTCP: false).sweeps(of: change, family: .ipv4), tables: [change.new], closesTCP: false)
        var tcp = ConntrackFilter(
            family: .ipv4, protocol: .tcp, destination: .text("10.96.0.10"), destinationPort: 53)
        tcp.status = ([], .seenReply)
        #expect(Set(plan.filters(limit: 19)) == [tcp, ConntrackFilter(family: .ipv4, protocol: .udp, destinationPort: 53)])
        let single = plan.filters(limit: 20)
        #expect(single.count == 21)
        #expect(single.contains(ConntrackFilter(family: .ipv4, protocol: .udp, destination: .text("10.96.0.7"), destinationPort: 53)))
    }
}
