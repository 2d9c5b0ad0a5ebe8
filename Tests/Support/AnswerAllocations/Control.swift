import CAllocationCounting

/// Something that is done once an answer, to see that it is counted.
enum Control: String, CaseIterable {
    case memory = "memory of no object"
    case alignedMemory = "aligned memory"
    case object = "an object made"
    case reference = "an object kept"
    case text = "a string kept"

    private static let shelf = Shelf()

    @inline(never) func perform() {
        let shelf = Self.shelf
        switch self {
        case .memory: shelf.replaceMemory(alignment: 8)
        case .alignedMemory: shelf.replaceMemory(alignment: 256)
        case .object: shelf.object = Shelf.Thing()
        case .reference: shelf.object = shelf.other
        case .text: shelf.text = shelf.otherText
        }
    }

    func wasSeen(_ counts: allocation_counts, times: UInt64) -> Bool {
        switch self {
        case .memory, .alignedMemory: counts.allocations >= times
        case .object: counts.allocations >= times && counts.objects >= times && counts.releases >= times
        case .reference, .text: counts.retains >= times && counts.releases >= times
        }
    }
}

/// Where things are put so that the compiler cannot leave them out.
// SAFETY: Sendable because this program has one thread.
@safe private final class Shelf: @unchecked Sendable {
    final class Thing {}

    var object = Thing()
    var other = Thing()
    var text = ""
    /// Longer than a string that is its own storage.
    var otherText = String(repeating: "long enough ", count: CommandLine.arguments.count + 4)
    // SAFETY: replaced by `replaceMemory` alone, which frees what was there.
    private var memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8)

    func replaceMemory(alignment: Int) {
        // SAFETY: allocated by this object, and nobody else knows it.
        unsafe memory.deallocate()
        unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: 512, alignment: alignment)
    }
}
