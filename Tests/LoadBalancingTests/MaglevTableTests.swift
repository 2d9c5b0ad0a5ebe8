import LoadBalancing
import NetworkTypes
import RandomTesting
import Testing

@Suite struct MaglevTableTests {
    static func entries(_ count: Int, weight: (Int) -> UInt16 = { _ in 1 }) -> [MaglevTable.Entry] {
        (0..<count).map { index in
            MaglevTable.Entry(
                address: IPAddress(v4: 0x0af4_0000 + UInt32(index)), port: PortNumber(rawValue: 8080) ?? 8080,
                weight: weight(index))
        }
    }

    @Test("the size is a prime of at least 100 for each, the same up to the next power of two", arguments: [
        (0, 0), (1, 809), (5, 809), (8, 809), (9, 1601), (16, 1601), (17, 3203), (1024, 102_407), (5000, 102_407),
    ])
    func sizes(count: Int, expected: Int) {
        let size = MaglevTable.size(of: count)
        #expect(size == expected)
        if count > 0 && count <= MaglevTable.largestCapacity { #expect(size >= count * MaglevTable.slotsPerBackend) }
        #expect(!(2..<max(2, size)).contains { $0 * $0 <= size && size % $0 == 0 })
    }

    @Test("no backend has more than a few slots above or below its share", arguments: [1, 2, 3, 5, 8, 16, 100, 1000])
    func balance(count: Int) {
        let table = MaglevTable(Self.entries(count))
        #expect(table.slots.count == MaglevTable.size(of: count))
        var counts = [Int](repeating: 0, count: count)
        for slot in table.slots { counts[slot] += 1 }
        // Turns: nobody is more than one ahead.
        let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
        #expect(most - least <= 1)
        // The paper: at 100 entries each, 1 % above the share.
        #expect(Double(most) <= 1.01 * Double(table.slots.count) / Double(count) + 1)
    }

    /// The paper's section 5.3 (figure 12): with 100 times as many entries as backends, about 2 % of the other
    /// entries move when one backend in a hundred leaves.
    @Test("when one leaves, few slots of the others move", arguments: [
        // Backends, the largest share of the others' entries that may move.
        (4, 0.15), (8, 0.15), (50, 0.06), (100, 0.05), (400, 0.05), (1000, 0.05),
    ])
    func disruption(count: Int, bound: Double) {
        let all = Self.entries(count)
        let before = MaglevTable(all)
        var worst = 0.0
        var sum = 0.0
        let leavers = stride(from: 0, to: count, by: max(1, count / 8))
        for gone in leavers {
            let rest = Array(all[..<gone] + all[(gone + 1)...])
            let after = MaglevTable(rest)
            #expect(after.slots.count == before.slots.count)
            var kept = 0
            var moved = 0
            for (old, new) in zip(before.slots, after.slots) where old != gone {
                kept += 1
                if all[old] != rest[new] { moved += 1 }
            }
            let share = Double(moved) / Double(kept)
            worst = max(worst, share)
            sum += share
        }
        #expect(worst <= bound, "worst \(worst), mean \(sum / Double(Array(leavers).count))")
    }

    @Test("the order of the backends does not matter, and the same ones give the same table")
    func order() {
        var random = SplitMix64(seed: 7)
        let entries = Self.entries(13) { UInt16($0 % 3 + 1) }
        let table = MaglevTable(entries).slots.map { entries[$0] }
        for _ in 0..<5 {
            let shuffled = entries.shuffled(using: &random)
            let again = MaglevTable(shuffled).slots.map { shuffled[$0] }
            #expect(again == table)
        }
    }

    @Test("slots follow the weights; none for weight 0")
    func weights() {
        let weights: [UInt16] = [1, 2, 4, 0, 1]
        let table = MaglevTable(Self.entries(5) { weights[$0] })
        for (index, weight) in weights.enumerated() {
            let share = Double(table.slots.count { $0 == index }) / Double(table.slots.count)
            #expect(abs(share - Double(weight) / 8) < 0.01, "backend \(index): \(share)")
        }
        #expect(MaglevTable(Self.entries(3) { _ in 0 }).slots.isEmpty)
        #expect(MaglevTable([]).slots.isEmpty)
    }

    @Test("a table is filled for weights as far apart as can be, and for the largest table")
    func extremes() {
        let table = MaglevTable(Self.entries(3) { $0 == 0 ? 65535 : 1 })
        #expect(Set(table.slots) == [0, 1, 2])
        let many = MaglevTable(Self.entries(1500))
        #expect(Set(many.slots).count == 1500)
        #expect(many.slots.count == MaglevTable.size(of: MaglevTable.largestCapacity))
    }
}
