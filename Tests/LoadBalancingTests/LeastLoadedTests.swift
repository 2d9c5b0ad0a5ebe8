import LoadBalancing
import Testing

@Suite struct LeastLoadedTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let rule: LeastLoaded
        /// Connections and weight of each.
        let loads: [(UInt64, UInt16)]
        let expected: Int?
        var testDescription: String { "\(rule.rawValue): \(name)" }
    }

    static let rows: [Row] = [
        Row(name: "the fewest connections", rule: .leastConnections, loads: [(3, 1), (1, 1), (2, 1)], expected: 1),
        Row(name: "weights do not count", rule: .leastConnections, loads: [(3, 100), (2, 1)], expected: 1),
        Row(name: "of equals the first", rule: .leastConnections, loads: [(2, 1), (2, 9), (2, 1)], expected: 0),
        Row(name: "weight 0 takes none", rule: .leastConnections, loads: [(0, 0), (7, 1)], expected: 1),
        Row(name: "nobody there", rule: .leastConnections, loads: [], expected: nil),
        Row(name: "nobody takes any", rule: .weightedLeastConnections, loads: [(0, 0), (0, 0)], expected: nil),
        Row(name: "connections for the weight", rule: .weightedLeastConnections, loads: [(4, 2), (5, 3), (2, 1)], expected: 1),
        Row(name: "of equals the first", rule: .weightedLeastConnections, loads: [(2, 2), (1, 1), (3, 3)], expected: 0),
        Row(name: "an idle slow one is as good as an idle fast one", rule: .weightedLeastConnections, loads: [(0, 1), (0, 9)], expected: 0),
        // ipvsadm(8): (Ci + 1) / Ui. Idle with weight 1 would answer slower than busy with weight 3: 1/1 against 2/3.
        Row(name: "a fast busy one before a slow idle one", rule: .shortestExpectedDelay, loads: [(0, 1), (1, 3)], expected: 1),
        Row(name: "until it is as slow", rule: .shortestExpectedDelay, loads: [(0, 1), (2, 3)], expected: 0),
        Row(name: "never queue: the idle one, however slow", rule: .neverQueue, loads: [(1, 3), (0, 1)], expected: 1),
        Row(name: "none idle: as sed", rule: .neverQueue, loads: [(1, 1), (1, 3)], expected: 1),
        Row(name: "of idle ones the first", rule: .neverQueue, loads: [(1, 9), (0, 1), (0, 5)], expected: 1),
        Row(name: "an idle one of weight 0 is none", rule: .neverQueue, loads: [(0, 0), (4, 1)], expected: 1),
        Row(
            name: "counts beyond 2^60 do not overflow", rule: .shortestExpectedDelay,
            loads: [(1 << 62, 65535), (1 << 62, 65534)], expected: 0),
    ]

    @Test(arguments: rows) func picks(_ row: Row) {
        let picked = row.rule.pick(row.loads.map { BackendLoad(connections: $0.0, weight: $0.1) })
        #expect(picked == row.expected)
    }

    @Test("a draining backend is never chosen", arguments: LeastLoaded.allCases)
    func draining(_ rule: LeastLoaded) {
        let loads = [BackendLoad(isDraining: true), BackendLoad(connections: 9), BackendLoad(isDraining: true)]
        let picked = rule.pick(loads)
        #expect(picked == 1)
    }

    /// Arrivals that stay: what `sed` makes of weights 1, 2, 3 (ipvsadm(8)).
    @Test("connections that stay are spread by weight", arguments: [
        (LeastLoaded.leastConnections, [20, 20, 20]), (.weightedLeastConnections, [10, 20, 30]),
        (.shortestExpectedDelay, [10, 20, 30]), (.neverQueue, [10, 20, 30]),
    ])
    func arrivals(_ rule: LeastLoaded, expected: [UInt64]) throws {
        var loads = [1, 2, 3].map { BackendLoad(weight: $0) }
        for _ in 0..<60 { loads[try #require(rule.pick(loads))].connections += 1 }
        let counts = loads.map(\.connections)
        for (count, wanted) in zip(counts, expected) { #expect(count.distance(to: wanted).magnitude <= 1, "\(counts)") }
    }

    @Test("of more than are looked at, those from the start on are compared, round")
    func limit() {
        let loads = (0..<10).map { BackendLoad(connections: UInt64($0)) }
        let inside = LeastLoaded.leastConnections.pick(loads, startingAt: 3, comparing: 4)
        let around = LeastLoaded.leastConnections.pick(loads, startingAt: 8, comparing: 4)
        #expect(inside == 3)
        #expect(around == 0)
    }
}
