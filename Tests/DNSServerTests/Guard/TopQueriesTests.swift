import DNSWire
import NetworkTypes
import Testing

@testable import DNSServer

@Suite struct TopQueriesTests {
    private static func count(_ text: String, hash: UInt64? = nil, in sketch: inout SpaceSaving) {
        let bytes = Array(text.utf8)
        unsafe sketch.count(bytes.span.bytes, hash: hash ?? UInt64(truncatingIfNeeded: text.hashValue))
    }

    @Test func `no count is too low, nor too high by more than its error, and the frequent are there`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = RotationSource(seed: seed)
        var sketch = SpaceSaving(capacity: 32, keyByteLimit: 16)
        let size = sketch.byteCount
        var exact: [String: UInt64] = [:]
        for _ in 0..<20_000 {
            // Few keys often, many once.
            let key = random.next() & 1 == 0 ? "k\(random.next() % 10)" : "r\(random.next())"
            exact[key, default: 0] += 1
            Self.count(key, in: &sketch)
        }
        #expect(sketch.byteCount == size)
        #expect(sketch.total == 20_000)
        var found: Set<String> = []
        sketch.forEach { key, count, error in
            let key = String(decoding: key, as: UTF8.self)
            found.insert(key)
            let real = exact[key] ?? 0
            #expect(count >= real && count - error <= real && error <= 20_000 / 32)
        }
        for (key, count) in exact where count > 20_000 / 32 { #expect(found.contains(key), "\(key)") }
    }

    @Test func `keys of one hash are told apart`() {
        var sketch = SpaceSaving(capacity: 4, keyByteLimit: 8)
        for text in ["a", "b", "ab", "a"] { Self.count(text, hash: 7, in: &sketch) }
        var counts: [String: UInt64] = [:]
        sketch.forEach { key, count, _ in counts[String(decoding: key, as: UTF8.self)] = count }
        #expect(counts == ["a": 2, "b": 1, "ab": 1])
    }

    @Test func `the most frequent clients and names of several threads, estimated from samples`() throws {
        let zone = SmallCluster.zone()
        var all: [ServerStatistics] = []
        for thread in 0..<2 {
            let statistics = ServerStatistics()
            all.append(statistics)
            var options = ResponderOptions()
            options.sampleInterval = 8
            var responder = Responder(options: options, statistics: statistics, seed: UInt64(thread + 1))
            for index in 0..<8000 {
                var response = [UInt8](repeating: 0, count: 1232)
                let often = index % 4 > 0
                var span = response.mutableSpan
                var bytes = unsafe span.mutableBytes
                let query = WireQuery(often ? "API.default.svc.cluster.local" : "x\(index).default.svc.cluster.local").bytes
                let client = IPAddress(v4: often ? 0x0A00_0001 : 0x0A01_0000 + UInt32(index))
                _ = unsafe responder.respond(to: query.span.bytes, transport: .udp, client: client, zone: zone, into: &bytes)
            }
        }
        let top = ServerStatistics.top(of: all, limit: 3)
        #expect(top.clients.count == 3 && top.names.count == 3)
        #expect((13_000...19_000).contains(top.queries))
        #expect(top.sampled * 8 == top.queries)
        #expect(top.clients[0].address == IPAddress(v4: 0x0A00_0001))
        #expect(top.names[0].name.description == "api.default.svc.cluster.local.")
        #expect((9000...15_000).contains(top.names[0].figure.queries))
        let nobody = ServerStatistics.top(of: [ServerStatistics()], limit: 3)
        #expect(nobody.clients.isEmpty && nobody.queries == 0)
    }

    @Test func `what is older than two windows is forgotten`() {
        let sample = QuerySample()
        let begin = ContinuousClock.now
        let name = DomainName("a.example")?.wire ?? []
        func queries(after windows: Int) -> UInt64 {
            unsafe sample.count(
                client: IPAddress(v4: 1), name: name.span.bytes, hash: 1, at: begin + QuerySample.window * windows,
                interval: 64)
            var sum = TopQueries.Sum()
            sample.add(to: &sum)
            return sum.queries
        }
        let seen = [0, 0, 1, 2, 4, 4].map(queries)
        #expect(seen == [64, 128, 192, 128, 64, 128])
    }
}
