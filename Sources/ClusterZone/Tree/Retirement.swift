internal import Synchronization

/// The blocks that one change replaced. They are shown by the snapshot before that change and by older ones.
///
/// Each snapshot holds the retirement of the change that follows it, and each retirement the next one: what a change
/// replaced therefore lives until the last snapshot before that change is gone. Readers count one reference for a
/// whole snapshot, and none for names and pages.
// SAFETY: only the writer, which holds a reference, sets the variables; afterwards only deinit reads them.
final class Retirement: @unchecked Sendable {
    var blocks: [Block] = []
    var next: Retirement?

    deinit {
        for block in blocks { block.free() }
        // One after the other: a snapshot that was kept for long stands before a long chain.
        var following = next.take()
        while isKnownUniquelyReferenced(&following) {
            // What the thread that let go of it last had written is seen from here on.
            atomicMemoryFence(ordering: .acquiring)
            // Its own deinit then finds nothing to go on with.
            let afterwards = following?.next.take()
            following = afterwards
        }
    }
}

/// What the writer needs to replace blocks.
struct BlockWriter {
    /// Of the change that is being made: blocks of this generation are not shown by any snapshot yet.
    private(set) var generation: UInt32 = 1
    private var retired: [Block] = []

    init() {}

    /// - Parameter byteCount: with the header, whose second half becomes the generation.
    func allocate(byteCount: Int) -> Block {
        let block = Block(byteCount: byteCount)
        block.store(generation, at: 4)
        return block
    }

    /// The block itself if no snapshot shows it, else a copy in its place.
    mutating func writable(_ block: Block) -> Block {
        if block.load(4, as: UInt32.self) == generation { return block }
        let copy = block.copy(byteCount: block.byteCount)
        copy.store(generation, at: 4)
        retired.append(block)
        return copy
    }

    /// A page that is no longer part of the table.
    mutating func discard(page: Block) {
        if page.load(4, as: UInt32.self) == generation { page.free() } else { retired.append(page) }
    }

    /// A leaf (node, list of names) that is no longer part of the table; leaves do not say of which change they are.
    mutating func discard(leaf: Block) { retired.append(leaf) }

    /// Ends a change: what it replaced.
    mutating func finish() -> [Block] {
        generation &+= 1
        let result = retired
        retired = []
        return result
    }
}
