import NetworkTypes
import RandomTesting
import ServiceTable
import Testing

@Suite("BackendSet.updated") struct BackendSetTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let before: [Int]
        let wanted: [Int]
        let after: [Int]
        init(_ name: String, _ before: [Int], wanted: [Int], gives after: [Int]) {
            (testDescription, self.before, self.wanted, self.after) = (name, before, wanted, after)
        }
    }

    static func backend(_ number: Int) -> Backend {
        Backend(address: IPAddress(v4: 0x0A00_0000 + UInt32(number)), port: 80)
    }

    @Test(arguments: [
        Row("nothing stays nothing", [], wanted: [], gives: []),
        Row("the first set is as wanted", [], wanted: [3, 1, 2], gives: [3, 1, 2]),
        Row("the order of what is wanted does not matter", [1, 2, 3], wanted: [3, 2, 1], gives: [1, 2, 3]),
        Row("a new backend goes to the end", [2, 3], wanted: [1, 2, 3], gives: [2, 3, 1]),
        Row("one replaced changes one index", [1, 2, 3], wanted: [1, 3, 9], gives: [1, 9, 3]),
        Row("the first removed: the last fills the hole", [1, 2, 3, 4], wanted: [2, 3, 4], gives: [4, 2, 3]),
        Row("the last removed: nobody moves", [1, 2, 3, 4], wanted: [1, 2, 3], gives: [1, 2, 3]),
        Row("holes at the end are cut off", [1, 2, 3, 4], wanted: [1], gives: [1]),
        Row("several holes, fewer newcomers", [1, 2, 3, 4, 5], wanted: [2, 5, 9], gives: [9, 2, 5]),
        Row("all replaced", [1, 2], wanted: [8, 9], gives: [8, 9]),
        Row("all gone", [1, 2], wanted: [], gives: []),
        Row("duplicates collapse", [1], wanted: [2, 1, 2, 1], gives: [1, 2]),
        Row("duplicates collapse where nothing else changes", [1, 1], wanted: [1, 1], gives: [1]),
    ])
    func order(_ row: Row) {
        let result = BackendSet(row.before.map(Self.backend)).updated(to: row.wanted.map(Self.backend))
        #expect(result.backends == row.after.map(Self.backend))
    }

    @Test("weight, locality and draining are those of the wanted backend")
    func flags() {
        let place = Self.backend(1)
        let changed = Backend(address: place.address, port: 80, weight: 7, isLocal: true, isDraining: true)
        #expect(BackendSet([place, Self.backend(2)]).updated(to: [Self.backend(2), changed]).backends
            == [changed, Self.backend(2)])
    }

    @Test("of several wanted at one place the first counts, for newcomers and for those that stay", arguments: [[], [1]])
    func firstDuplicateCounts(before: [Int]) {
        let first = Self.backend(1)
        let second = Backend(address: first.address, port: 80, isDraining: true)
        #expect(BackendSet(before.map(Self.backend)).updated(to: [first, second]).backends == [first])
        #expect(BackendSet(before.map(Self.backend)).updated(to: [second, first]).backends == [second])
    }

    @Test("the port belongs to the place")
    func portIsPartOfPlace() {
        let other = Backend(address: Self.backend(1).address, port: 81)
        #expect(BackendSet([Self.backend(1)]).updated(to: [other, Self.backend(1)]).backends == [Self.backend(1), other])
    }

    @Test("random sequences: exactly the wanted places, and nobody moves but from the end", arguments: UInt64(1)...50)
    func property(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var set = BackendSet([])
        for step in 0..<60 {
            let wanted = (0..<random.number(0...12)).map { _ in
                Backend(
                    address: IPAddress(v4: 0x0A00_0000 + UInt32(random.number(1...12))), port: random.oneIn(4) ? 81 : 80,
                    weight: UInt16(random.number(1...3)), isLocal: random.oneIn(2), isDraining: random.oneIn(2))
            }
            var unique: [Backend] = []
            for backend in wanted where !unique.contains(where: backend.isSamePlace) { unique.append(backend) }
            let next = set.updated(to: wanted)
            let comment: Comment = "seed \(seed), step \(step)"
            #expect(Set(next.backends) == Set(unique), comment)
            #expect(next.count == unique.count, comment)
            for (index, backend) in set.backends.enumerated() where index < next.count {
                guard unique.contains(where: backend.isSamePlace) else { continue }
                #expect(next.backends[index].isSamePlace(as: backend), comment)
            }
            #expect(next.updated(to: wanted) == next, comment)
            set = next
        }
    }

    @Test("random sets: one replaced changes one index, one removed two at most", arguments: UInt64(1)...30)
    func fewChanges(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let set = BackendSet((1...random.number(1...40)).map(Self.backend))
        let victim = random.number(0...(set.count - 1))
        var removed = set.backends
        removed.remove(at: victim)
        removed.shuffle(using: &random)
        #expect(Self.differences(set, set.updated(to: removed)) <= 2, "seed \(seed)")
        #expect(Self.differences(set, set.updated(to: removed + [Self.backend(99)])) == 1, "seed \(seed)")
        #expect(Self.differences(set, set.updated(to: [Self.backend(99)] + set.backends.shuffled(using: &random))) == 1)
    }

    /// How many indices hold something else, those that only one set has included.
    static func differences(_ a: BackendSet, _ b: BackendSet) -> Int {
        (0..<max(a.count, b.count)).count {
            ($0 < a.count ? a.backends[$0] : nil) != ($0 < b.count ? b.backends[$0] : nil)
        }
    }
}
