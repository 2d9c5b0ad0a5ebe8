import DataplaneTesting
import LoadBalancing
import NetworkTypes
import Testing

@Suite struct WeightedSlotsTests {
    static func counts(_ slots: [Int], _ weights: [UInt16]) -> [Int] {
        weights.indices.map { index in slots.count { $0 == index } }
    }

    @Test("each has its share of the places, in the smallest numbers", arguments: [
        ([1, 1, 1], [1, 1, 1]), ([5, 5], [1, 1]), ([1, 2, 3], [1, 2, 3]), ([100, 200, 300], [1, 2, 3]),
        ([0, 1], [0, 1]), ([7, 0, 14], [1, 0, 2]), ([0, 0], [0, 0]), ([1], [1]), ([], []),
    ] as [([UInt16], [Int])])
    func shares(weights: [UInt16], expected: [Int]) {
        let slots = WeightedSlots.slots(of: weights)
        #expect(Self.counts(slots, weights) == expected)
    }

    @Test("all come first once each, in their order")
    func order() {
        let first = Array(WeightedSlots.slots(of: [3, 1, 4, 1, 5]).prefix(5))
        #expect(first == [0, 1, 2, 3, 4])
    }

    @Test("in turn, places of one are spread over the round")
    func spread() {
        let slots = WeightedSlots.slots(of: [5, 1, 1])
        #expect(slots == [0, 1, 2, 0, 0, 0, 0])
        let wide = WeightedSlots.slots(of: [4, 4, 2])
        #expect(wide == [0, 1, 2, 0, 1])
    }

    @Test("every whole round of wrr gives each exactly its weight")
    func exactRounds() throws {
        let weights: [UInt16] = [4, 3, 2, 0]
        let slots = WeightedSlots.slots(of: weights)
        var picker = SlotPicker.inTurn()
        var random = SystemRandomNumberGenerator()
        let request = SlotPicker.Request(client: .text("10.0.0.1"), clientPort: 1, destination: .text("10.96.0.1"))
        for round in 1...50 {
            var taken = [Int](repeating: 0, count: weights.count)
            for _ in 0..<9 { taken[slots[try #require(picker.pick(of: slots.count, for: request, using: &random))]] += 1 }
            #expect(taken == [4, 3, 2, 0], "round \(round)")
        }
    }

    @Test("weights that would need too many places keep about their proportion, and everyone a place")
    func limit() {
        let counts = Self.counts(WeightedSlots.slots(of: [65535, 65534, 1]), [65535, 65534, 1])
        #expect(counts.reduce(0, +) <= WeightedSlots.limit + 3)
        #expect(counts[2] == 1)
        #expect(abs(counts[0] - counts[1]) <= 1)
    }
}
