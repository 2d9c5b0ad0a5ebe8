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

    @Test func `nothing is evicted while there is room`() {
        var ages = [UInt64](repeating: 0, count: 64)
        ages[10] = 900
        #expect(Eviction.idleMilliseconds(ages: ages, maxEntries: 4000) == nil)
    }

    @Test func `those idle longest are evicted, until the wanted part is left`() {
        var ages = [UInt64](repeating: 0, count: 64)
        ages[5] = 850
        ages[10] = 100
        ages[17] = 60
        // 1010 of 1000 are used, 800 are wanted: the two oldest buckets have 160, the next has the rest.
        #expect(Eviction.idleMilliseconds(ages: ages, maxEntries: 4000) == 16)
        ages[10] = 300
        ages[5] = 600
        // 960 used: 160 to go; 60 and some of the 300, whose bucket begins at 512 ms.
        #expect(Eviction.idleMilliseconds(ages: ages, maxEntries: 4000) == 512)
    }

    @Test func `when everything is fresh, the fresh is evicted`() {
        var ages = [UInt64](repeating: 0, count: 64)
        ages[0] = 1000
        #expect(Eviction.idleMilliseconds(ages: ages, maxEntries: 4000) == 1)
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
