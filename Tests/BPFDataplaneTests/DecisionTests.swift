import DataplaneTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import BPFDataplane

/// Decisions of the executor that need no kernel.
@Suite struct DecisionTests {
    @Test(arguments: [
        ("32768\t60999", 1024...29_999), ("1024\t65535", 1024...29_999), ("1024 40000", 40_001...65_535),
        ("16384\t60000", 1024...16_383), ("", 1024...29_999), ("9 8 7", 1024...29_999), ("500 600", 32_768...65_535),
        ("2000\t65535", 1024...29_999),
    ] as [(String, ClosedRange<UInt16>)])
    func `masquerading keeps out of the kernel's own ports where there is room`(text: String, ports: ClosedRange<UInt16>) {
        #expect(MasqueradePorts.chosen(localRange: text) == ports)
    }

    private static func ages(_ counts: [Int: UInt64]) -> [UInt64] {
        (0..<64).map { counts[$0] ?? 0 }
    }

    @Test func `nothing is evicted while there is room`() {
        let steps = Eviction.steps(
            others: Self.ages([10: 450]), established: Self.ages([10: 450]), maxEntries: 4000)
        #expect(steps == [])
    }

    /// A table of 1000 connections: 800 are wanted.
    @Test(arguments: [
        // 1010: the two oldest buckets have 160, the next the rest.
        ([5: 850, 10: 100, 17: 60], [:], [Eviction.Step(idleMilliseconds: 32, count: 210, sparesEstablished: true)]),
        // 960: 60, and some of the 300, whose bucket begins at 1024 ms.
        ([5: 600, 10: 300, 17: 60], [:], [Eviction.Step(idleMilliseconds: 1024, count: 160, sparesEstablished: true)]),
        // All is fresh.
        ([0: 1000], [:], [Eviction.Step(idleMilliseconds: 0, count: 200, sparesEstablished: true)]),
        // However long established ones have been idle, others go.
        ([2: 500], [25: 450], [Eviction.Step(idleMilliseconds: 4, count: 150, sparesEstablished: true)]),
        // The others are not enough.
        ([2: 50], [20: 600, 25: 300], [
            Eviction.Step(idleMilliseconds: 4, count: 50, sparesEstablished: true),
            Eviction.Step(idleMilliseconds: 1 << 25, count: 100, sparesEstablished: false),
        ]),
    ] as [([Int: UInt64], [Int: UInt64], [Eviction.Step])])
    func `what is no established connection is evicted first, the longest idle before others`(
        others: [Int: UInt64], established: [Int: UInt64], expected: [Eviction.Step]
    ) {
        let steps = Eviction.steps(
            others: Self.ages(others), established: Self.ages(established), maxEntries: 4000)
        #expect(steps == expected)
    }

    private static func draining(
        _ id: UInt32, _ transport: TransportProtocol? = .tcp, isLingering: Bool = false
    ) -> BPFDrainingBackend {
        BPFDrainingBackend(
            id: id, address: .text("10.0.0.1"), port: 80, protocol: transport, isLingering: isLingering)
    }

    @Test func `UDP of a backend that is gone ends at once, TCP after the grace, and both when nothing is open`() {
        var retirement = Retirement(grace: .seconds(10))
        let backends = [
            Self.draining(1), Self.draining(2, .udp), Self.draining(3), Self.draining(4, .udp, isLingering: true),
            Self.draining(5, nil),
        ]
        func due(_ seconds: Int) -> [UInt32] {
            retirement.due(backends, now: .seconds(seconds)) { $0 == 3 ? 0 : 1 }.map(\.id)
        }
        #expect(due(0) == [2, 3, 5])
        #expect(due(9) == [2, 3, 5])
        #expect(due(10) == [1, 2, 3, 5])
    }

    @Test func `the grace begins when a backend is no endpoint any more`() {
        var retirement = Retirement(grace: .seconds(10))
        #expect(retirement.due([Self.draining(1, isLingering: true)], now: .seconds(0)) { _ in 1 }.isEmpty)
        #expect(retirement.due([Self.draining(1)], now: .seconds(20)) { _ in 1 }.isEmpty)
        #expect(retirement.due([Self.draining(1)], now: .seconds(30)) { _ in 1 }.map(\.id) == [1])
    }

    @Test func `maps follow the table, and have room to grow`() {
        let port = ServicePort.named(
            "web", cluster: (0..<200).map { .at("10.0.0.\($0):80") }, frontends: [
                .clusterIP("10.96.0.1", 80, OriginVerdicts(all: .reject))
            ])
        var table = ServiceTable()
        for index in 0..<1000 {
            table[ServicePortKey(id: .init(namespace: "default", service: "web\(index)", portName: "", protocol: .tcp), family: .ipv4)] = port
        }
        let sizes = MapSizes(table)
        #expect(sizes.needed[.backends] == 200_000)
        #expect(sizes.maxEntries(.backends) == 1 << 19)
        #expect(sizes.maxEntries(.frontends) == 1 << 16)
        #expect(sizes.fits(.backends, in: 1 << 18))
        #expect(!sizes.fits(.backends, in: 1 << 17))
        #expect(!sizes.fits(.backends, in: 200_000))
    }
}
