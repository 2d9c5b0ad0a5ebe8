import ClusterZone
import DNSWire
import NetworkTypes
import Testing

@testable import DNSServer

@Suite struct TruncationTests {
    private static func addresses(_ count: Int) -> [IPAddress] { (0..<count).map { IPAddress(v4: 0x0AF4_0000 + UInt32($0)) } }

    private static func zone(addresses count: Int = 0, locations: Int = 0) -> ClusterZone {
        let targets = (0..<locations).map { index in
            RecordSet.Glue(
                name: SmallCluster.name("pod-\(index).big.default.svc.cluster.local"),
                addresses: [IPAddress(v4: 0x0AF4_0000 + UInt32(index))])
        }
        let srv = targets.map { ServiceLocation(priority: 0, weight: 1, port: 80, target: $0.name) }
        var sets: [RecordSet] = []
        if count > 0 { sets.append(.a(addresses(count))) }
        if locations > 0 { sets.append(.srv(srv, glue: targets)) }
        let node = ZoneNode(name: SmallCluster.name("big.default.svc.cluster.local"), sets: sets)
        return SmallCluster.zone(.synced, SmallCluster.settings(), ZoneChange(nodes: [node], serial: 1))
    }

    @Test("what does not fit is left out record by record", arguments: [
        (nil, 29, 512, false), (nil, 30, 512, true), (UInt16(0), 27, 512, false), (512, 29, 512, true),
        (1232, 72, 1232, false), (1232, 100, 1232, true), (4096, 100, 1232, true),
    ] as [(UInt16?, Int, Int, Bool)])
    func whatDoesNotFitIs(
        _ payload: UInt16?, _ count: Int, _ limit: Int, _ truncated: Bool
    ) throws {
        let query = WireQuery("big.default.svc.cluster.local", .a, edns: payload)
        let reply = try #require(try SmallCluster.reply(query.bytes, Self.zone(addresses: count)))
        #expect(reply.isTruncated == truncated)
        #expect(reply.bytes.count <= limit)
        #expect(reply.bytes.count > limit - 16 - 17 || !truncated)
        #expect(truncated ? reply.answers.count < count : reply.answers.count == count)
        #expect(Set(reply.answers).count == reply.answers.count)
        #expect((reply.opt != nil) == (payload != nil))
        let tcp = try #require(try SmallCluster.reply(query.bytes, Self.zone(addresses: count), transport: .tcp))
        #expect(tcp.answers.count == count)
        #expect(!tcp.isTruncated)
    }

    @Test("a partial answer is another part each time") func aPartialAnswerIsAnother() throws {
        var responder = Responder(options: ResponderOptions(), statistics: ServerStatistics(), seed: 7)
        let zone = Self.zone(addresses: 100)
        var seen: Set<String> = []
        for _ in 0..<200 {
            seen.formUnion(try responder.reply(WireQuery("big.default.svc.cluster.local").bytes, zone).0?.answers ?? [])
        }
        #expect(seen.count == 100)
    }

    @Test("addresses of targets are left out silently") func addressesOfTargetsAreLeft() throws {
        let query = WireQuery("big.default.svc.cluster.local", .srv)
        let reply = try #require(try SmallCluster.reply(query.bytes, Self.zone(locations: 13)))
        #expect(!reply.isTruncated)
        #expect(reply.answers.count == 13)
        #expect((1..<13).contains(reply.additionals.count))
        let incomplete = try #require(try SmallCluster.reply(query.bytes, Self.zone(locations: 40)))
        #expect(incomplete.isTruncated)
        #expect(incomplete.additionals.isEmpty)
        #expect(incomplete.answers.count >= 12)
    }

    @Test("TCP has room for 64 KiB, and pointers for 16") func tcpHasRoomFor64() throws {
        let query = WireQuery("big.default.svc.cluster.local", .srv, edns: 1232)
        let reply = try #require(try SmallCluster.reply(query.bytes, Self.zone(locations: 1000), transport: .tcp))
        #expect(reply.answers.count == 1000)
        #expect(!reply.isTruncated)
        #expect(reply.additionals.count > 400)
        let addresses = try #require(
            try SmallCluster.reply(
                WireQuery("big.default.svc.cluster.local").bytes, Self.zone(addresses: 5000), transport: .tcp))
        #expect(addresses.isTruncated)
        #expect(addresses.bytes.count > 65_500)
    }

    @Test("each address is the first as often as the others") func eachAddressIsTheFirst() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var responder = Responder(options: ResponderOptions(), statistics: ServerStatistics(), seed: seed)
        let zone = Self.zone(addresses: 5)
        var counts: [String: Int] = [:]
        for _ in 0..<10_000 {
            let reply = try responder.reply(WireQuery("big.default.svc.cluster.local").bytes, zone).0
            counts[reply?.answers.first ?? "", default: 0] += 1
        }
        // 2 000 each; six standard deviations are 240.
        #expect(counts.count == 5)
        #expect(counts.values.allSatisfy { abs($0 - 2000) < 240 }, "seed \(seed): \(counts)")
    }
}
