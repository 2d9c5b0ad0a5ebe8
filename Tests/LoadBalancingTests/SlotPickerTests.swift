import DataplaneTesting
import LoadBalancing
import NetworkTypes
import RandomTesting
import Testing

@Suite struct SlotPickerTests {
    static func request(_ number: Int) -> SlotPicker.Request {
        SlotPicker.Request(
            client: IPAddress(v4: 0x0af4_0000 + UInt32(number / 100)), clientPort: PortNumber(rawValue: UInt16(32768 + number % 100)),
            destination: IPAddress(v4: 0x0a60_0000 + UInt32(number % 977)))
    }

    /// Pearson's statistic over 10 000 draws; the bound is the 99.99 % point for 9 degrees of freedom.
    @Test("10 000 draws are spread evenly", arguments: [SlotPicker.random, .maglev, .sourceHash, .destinationHash])
    func distribution(_ picker: SlotPicker) throws {
        var picker = picker
        var random = SplitMix64(seed: 42)
        var counts = [Int](repeating: 0, count: 10)
        for number in 0..<10_000 {
            // Addresses in a row, each once.
            let request = SlotPicker.Request(
                client: IPAddress(v4: 0x0af4_0000 + UInt32(number)), clientPort: 4000,
                destination: IPAddress(v4: 0x0a60_0000 + UInt32(number)))
            counts[try #require(picker.pick(of: 10, for: request, using: &random))] += 1
        }
        let statistic = counts.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
        #expect(statistic < 33.7, "\(counts)")
    }

    @Test("a hash gives a client the same slot each time")
    func sticky() {
        var random = SplitMix64(seed: 1)
        for number in 0..<100 {
            let request = Self.request(number)
            for kind in [SlotPicker.sourceHash, .destinationHash, .maglev] {
                var (one, other) = (kind, kind)
                let first = one.pick(of: 101, for: request, using: &random)
                let second = other.pick(of: 101, for: request, using: &random)
                #expect(first == second)
            }
        }
    }

    @Test("in turn each comes once in a round")
    func inTurn() {
        var picker = SlotPicker.inTurn(next: .max)
        var random = SplitMix64(seed: 1)
        let picked = (0..<5).map { _ in picker.pick(of: 4, for: Self.request(0), using: &random) }
        #expect(picked == [3, 0, 1, 2, 3])
        let none = picker.pick(of: 0, for: Self.request(0), using: &random)
        #expect(none == nil)
    }

    @Test("the port counts for Maglev only, and families do not meet")
    func hashes() {
        let client = IPAddress.text("10.0.0.1")
        #expect(SlotHash.hash(client) != SlotHash.hash(client, port: 80))
        #expect(SlotHash.hash(client) != SlotHash.hash(.text("::10.0.0.1")))
        #expect(SlotHash.hash(client) == SlotHash.hash(.text("::ffff:10.0.0.1")))
        #expect(SlotHash.hash(client, attempt: 1) != SlotHash.hash(client))
    }

    @Test("two choices: the largest load stays near the mean, where one choice is far off")
    func twoChoices() throws {
        var random = SplitMix64(seed: 3)
        var loads = [BackendLoad](repeating: BackendLoad(), count: 100)
        for _ in 0..<10_000 { loads[try #require(TwoChoices.pick(loads, using: &random))].connections += 1 }
        let most = loads.map(\.connections).max() ?? 0
        // log log n above the mean of 100; one choice alone comes to about 125.
        #expect(most <= 105, "\(most)")
    }

    @Test("two choices: weight 0 and draining never, two different ones are compared")
    func twoChoicesAmongFew() throws {
        var random = SplitMix64(seed: 4)
        let loads = [BackendLoad(weight: 0), BackendLoad(connections: 5), BackendLoad(isDraining: true)]
        var found: Set<Int?> = []
        for _ in 0..<200 { found.insert(TwoChoices.pick(loads, using: &random)) }
        #expect(found == [1, nil])
        for _ in 0..<50 {
            let picked = TwoChoices.pick([BackendLoad(connections: 1), BackendLoad()], using: &random)
            #expect(picked == 1)
        }
        #expect(TwoChoices.pick([], using: &random) == nil)
        #expect(TwoChoices.pick([BackendLoad()], using: &random) == 0)
    }
}
