internal import NetworkTypes

/// The address ranges whose reverse zones are ours, in one block.
///
/// A zone ends at a label: a range of 12 bits is the 16 zones of 16 bits within it.
struct ReverseRanges: BitwiseCopyable, Sendable {
    private let block: Block
    private let count: Int

    private static let entryByteCount = 40

    init(_ prefixes: [IPPrefix]) {
        let outermost = IPPrefix.outermost(of: prefixes)
        count = outermost.count
        block = Block(byteCount: Block.headerByteCount + Self.entryByteCount * count)
        for (index, prefix) in outermost.enumerated() {
            let offset = Block.headerByteCount + Self.entryByteCount * index
            block.store(prefix.address.bits, at: offset)
            block.store(prefix.lastAddress.bits, at: offset + 16)
            block.store(prefix.family.rawValue, at: offset + 32)
            let labelBits = ReverseName.bitsPerLabel(prefix.family)
            block.store(UInt8((prefix.length + labelBits - 1) / labelBits), at: offset + 33)
        }
    }

    func free() { block.free() }

    /// The labels before `in-addr.arpa` or `ip6.arpa` of the zone that the name is in; nil: in none.
    @inline(__always) func zoneDepth(of name: ReverseName) -> Int? {
        for index in 0..<count {
            let offset = Block.headerByteCount + Self.entryByteCount * index
            let depth = Int(block.load(offset + 33, as: UInt8.self))
            // The name's bits below its depth are 0, and no range is narrower than its zones.
            if block.load(offset + 32, as: UInt8.self) == name.family.rawValue, name.depth >= depth,
                name.bits >= block.load(offset, as: UInt128.self), name.bits <= block.load(offset + 16, as: UInt128.self)
            {
                return depth
            }
        }
        return nil
    }
}
