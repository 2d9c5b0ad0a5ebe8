import ClusterZone
import DNSWire
import LinuxSystem
import NetworkTypes
import Synchronization
import Testing

@testable import DNSServer

/// A zone that is changed as fast as it can be, while it is asked.
@Suite struct PublishingTests {
    /// The same names with other records and another number of them, and names that one state alone has.
    private static func state(_ index: Int) -> ZoneChange {
        let pods = (1...(index == 0 ? 3 : 8)).map { number in
            RecordSet.Glue(
                name: SmallCluster.name("p\(number)-\(index).web.default.svc.cluster.local"),
                addresses: [SmallCluster.address("10.\(index + 1).0.\(number)")])
        }
        let locations = pods.map { ServiceLocation(priority: 0, weight: 10, port: UInt16(80 + index), target: $0.name) }
        let ports = RecordSet.srv(locations, glue: pods)
        let web = SmallCluster.node("web.default.svc.", .a(pods.flatMap(\.addresses)), ports)
        let others = (0..<200).map { SmallCluster.node("filler-\($0)-\(index).default.svc.", .a(pods[0].addresses)) }
        return ZoneChange(
            nodes: [web, SmallCluster.node("alias.default.svc.", .cname(web.name))]
                + pods.map { ZoneNode(name: $0.name, sets: [.a($0.addresses)]) } + others,
            removed: (0..<200).map { SmallCluster.name("filler-\($0)-\(1 - index).default.svc.cluster.local") }
                + (1...8).map { SmallCluster.name("p\($0)-\(1 - index).web.default.svc.cluster.local") },
            pointers: [SmallCluster.address("10.100.0.1"): pods.map(\.name)], serial: 1_700_000_000 + UInt32(index))
    }

    private static let queries = [
        WireQuery("web.default.svc.cluster.local", .a, edns: 1232), WireQuery("web.default.svc.cluster.local", .srv, edns: 1232),
        WireQuery("alias.default.svc.cluster.local", .a, edns: 1232), WireQuery("1.0.100.10.in-addr.arpa", .ptr, edns: 1232),
        WireQuery("filler-7-0.default.svc.cluster.local", .a, edns: 1232),
        WireQuery("filler-7-1.default.svc.cluster.local", .aaaa, edns: 1232),
    ]

    /// Every record of an answer, in an order of its own: addresses rotate.
    private static func content(_ reply: WireReply) -> [String] {
        ["\(reply.code)"] + reply.answers.sorted() + ["--"] + reply.authorities + ["--"] + reply.additionals.sorted()
    }

    private final class Signal: Sendable {
        let isSet = Atomic(false)
    }

    @Test("under load every answer shows one state, whole") func everyAnswerShowsOneState() async throws {
        var tree = ZoneTree(settings: SmallCluster.settings(), readiness: .synced)
        var expected: [[[String]]] = []
        for index in 0..<2 {
            tree.apply(Self.state(index))
            expected.append(try Self.queries.map { Self.content(try #require(try SmallCluster.reply($0.bytes, tree.zone))) })
        }
        for (first, second) in zip(expected[0], expected[1]) { #expect(first != second) }
        let publisher = ZonePublisher(tree.zone)
        let server = try UDPServer(UDPServer.Configuration(workerCount: 2), zones: publisher)
        defer { server.stop() }
        let bound = try server.add(SocketAddress(loopback, port: 0))
        let stop = Signal()
        async let changes = DedicatedThread.run(named: "publisher") {
            var tree = ZoneTree(settings: SmallCluster.settings(), readiness: .synced)
            var changes = 0
            while !stop.isSet.load(ordering: .relaxed) {
                tree.apply(Self.state(changes % 2))
                publisher.publish(tree.zone)
                changes += 1
            }
            return changes
        }
        let known = expected
        let (seen, strange) = try await DedicatedThread.run(named: "asking") {
            defer { stop.isSet.store(true, ordering: .relaxed) }
            return try Self.ask(bound, known)
        }
        #expect(strange.count == 0, "\(strange.prefix(5))")
        #expect(seen.allSatisfy { $0 >= Self.answersOfEach })
        #expect(try await changes > 2)
    }

    private static let answersOfEach = 2000
    /// Questions under way at once: less than a socket's buffer holds.
    private static let window = 32

    /// Asks until both states were seen often, and says what belongs to neither.
    private static func ask(_ server: SocketAddress, _ expected: [[[String]]]) throws -> (seen: [Int], strange: [[String]]) {
        let clients = try (0..<4).map { _ in UDPClientBox(try UDPClient()) }
        var seen = [0, 0]
        var strange: [[String]] = []
        while seen.contains(where: { $0 < answersOfEach }), strange.isEmpty {
            for client in clients {
                for id in 0..<window {
                    var query = queries[id % queries.count]
                    query.id = UInt16(id)
                    try client.client.send(query, to: server)
                }
            }
            for client in clients {
                for _ in 0..<window {
                    let reply = try #require(try client.client.receive()).reply
                    let content = content(reply)
                    let index = Int(reply.id) % queries.count
                    guard let state = expected.firstIndex(where: { $0[index] == content }) else {
                        strange.append(content)
                        continue
                    }
                    seen[state] += 1
                }
            }
        }
        return (seen, strange)
    }
}
