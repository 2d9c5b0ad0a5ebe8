import DataplaneTesting
import ServiceTable
import Testing

@testable import NftablesDataplane

@Suite struct WeightedSlotsTests {
    static func backends(_ weights: [UInt16]) -> [Backend] {
        weights.enumerated().map { .at("10.0.0.\($0.offset + 1):80", weight: $0.element) }
    }

    static func counts(_ slots: [Backend], _ backends: [Backend]) -> [Int] {
        backends.map { backend in slots.count { $0 == backend } }
    }

    @Test("each backend has its share of the places, in the smallest numbers", arguments: [
        ([1, 1, 1], [1, 1, 1]), ([5, 5], [1, 1]), ([1, 2, 3], [1, 2, 3]), ([100, 200, 300], [1, 2, 3]),
        ([0, 1], [0, 1]), ([7, 0, 14], [1, 0, 2]), ([1], [1]), ([], []),
    ] as [([UInt16], [Int])])
    func shares(weights: [UInt16], expected: [Int]) {
        let backends = Self.backends(weights)
        for scheduler in [Scheduler.random, .weightedRoundRobin, .sourceHash] {
            #expect(Self.counts(scheduler.slots(of: backends), backends) == expected)
        }
    }

    @Test("round robin without weights takes each once")
    func withoutWeights() {
        let backends = Self.backends([1, 9, 3])
        #expect(Scheduler.roundRobin.slots(of: backends) == backends)
    }

    @Test("backends come first once each, in their order")
    func order() {
        let backends = Self.backends([3, 1, 4, 1, 5])
        #expect(Array(Scheduler.random.slots(of: backends).prefix(5)) == backends)
    }

    @Test("weights that would need too many places keep about their proportion, and everyone a place")
    func limit() {
        let backends = Self.backends([65535, 65534, 1])
        let counts = Self.counts(Scheduler.random.slots(of: backends), backends)
        #expect(counts.reduce(0, +) <= 1025)
        #expect(counts[2] == 1)
        #expect(abs(counts[0] - counts[1]) <= 1)
    }

    @Test("in turn, places of one backend are spread over the round")
    func spread() {
        let backends = Self.backends([6, 2])
        let slots = Scheduler.weightedRoundRobin.slots(of: backends)
        #expect(slots.count == 4)
        #expect(Self.counts(slots, backends) == [3, 1])
    }
}
