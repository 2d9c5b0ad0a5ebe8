/// Moments at which something is to be looked at, the earliest first: a binary heap.
///
/// Nothing is taken out before its time. Whoever has changed its mind is recognised when its moment comes, which costs
/// less than to find it: nearly every backend answers, and its deadline with it is void. So the heap holds as many as
/// connections begin in the longest time to connect. O(log n) to put in and to take out; O(1) where moments are put in
/// in their order, as those of first attempts are. It allocates only while it grows beyond what it was.
struct DeadlineHeap {
    struct Entry {
        let time: ContinuousClock.Instant
        /// Whose.
        let key: UInt64
    }

    private var entries: [Entry] = []

    var first: Entry? { entries.first }
    var count: Int { entries.count }

    mutating func insert(_ entry: Entry) {
        var index = entries.count
        entries.append(entry)
        while index > 0 {
            let parent = (index - 1) / 2
            guard entries[parent].time > entry.time else { break }
            entries.swapAt(index, parent)
            index = parent
        }
    }

    mutating func removeFirst() {
        guard let last = entries.popLast(), !entries.isEmpty else { return }
        entries[0] = last
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
            guard entries[child].time < last.time else { return }
            entries.swapAt(index, child)
            index = child
        }
    }
}
