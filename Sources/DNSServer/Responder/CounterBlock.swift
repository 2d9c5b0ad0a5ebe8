internal import Synchronization

/// Words that one thread adds to and others read.
// SAFETY: Sendable because every access is an atomic one.
@safe final class CounterBlock: @unchecked Sendable {
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    let count: Int

    init(count: Int) {
        self.count = count
        // SAFETY: freed once, in deinit; every word is set before any is read.
        unsafe words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: count)
        for index in 0..<count { unsafe (words + index).initialize(to: Atomic(0)) }
    }

    deinit {
        // SAFETY: as init left it; words need no clean-up.
        unsafe words.deallocate()
    }

    /// Only from the thread that the block belongs to: no other adds meanwhile.
    @inline(__always) func add(_ value: UInt64, at index: Int) {
        precondition(index >= 0 && index < count)
        // SAFETY: the index is within the block.
        let old = unsafe words[index].load(ordering: .relaxed)
        unsafe words[index].store(old &+ value, ordering: .relaxed)
    }

    func value(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < count)
        // SAFETY: the index is within the block.
        return unsafe words[index].load(ordering: .relaxed)
    }
}
