import ClusterZone
import DNSWire
import NetworkTypes
import Testing

@testable import DNSServer

@Suite struct StatisticsTests {
    @Test("requests and replies are counted by what they are") func requestsAndRepliesAreCounted() throws {
        let statistics = ServerStatistics()
        var responder = Responder(options: ResponderOptions(), statistics: statistics)
        let zone = SmallCluster.zone()
        let queries: [(String, RecordType)] = [
            ("api.default.svc.cluster.local", .a), ("api.default.svc.cluster.local", .a),
            ("nobody.default.svc.cluster.local", .aaaa), ("1.0.96.10.in-addr.arpa", .ptr),
            ("example.com", RecordType(rawValue: 999)),
        ]
        for (name, type) in queries { _ = try responder.reply(WireQuery(name, type).bytes, zone) }
        _ = try responder.reply([1, 2, 3], zone)
        _ = try responder.reply(WireQuery("api.default.svc.cluster.local", .a, edns: 512, dnssecOK: true).bytes, zone)
        responder.countBatch(.microseconds(300))
        let totals = ServerStatistics.totals(of: [statistics])
        func requests(_ type: RecordType?) -> UInt64 {
            totals.requests.filter { $0.key.type == type }.values.reduce(0, +)
        }
        #expect(requests(.a) == 3)
        #expect(requests(.aaaa) == 1)
        #expect(requests(.ptr) == 1)
        #expect(requests(nil) == 1)
        #expect(totals.responses[.cluster] == [.noError: 3, .nameError: 1])
        #expect(totals.responses[.reverse] == [.noError: 1])
        #expect(totals.responses[.other] == [.refused: 1])
        #expect(totals.dropped == 1)
        #expect(totals.dnssecOK == [.cluster: 1])
        let sizes = totals.requestSizes[ServerStatistics.Totals.Path(section: .cluster, transport: .udp)]
        #expect(sizes?.counts.reduce(0, +) == 4)
        let durations = try #require(totals.durations[.cluster])
        #expect(durations.counts[1] == 4)
        #expect(abs(durations.sum - 0.0012) < 1e-6)
    }
}
