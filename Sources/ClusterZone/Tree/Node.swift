internal import DNSWire

/// A name with its records as they go into an answer, in one block:
///
///     8 bytes   size, length of the name, count of sets
///     12 each   a set: type, count of records, bytes of records, bytes of glue
///     the name in lower case
///     for each set: its records, then its glue
///
/// Addresses are kept bare: what stands before each of them in an answer is the same. Other records are their RDATA after
/// two bytes of length, whose top bit says that the data end in a compression pointer. Such a pointer counts from the
/// beginning of the node's own name, wherever that stands in a message: a record's names mostly end as their owner does.
struct Node: BitwiseCopyable, Sendable {
    let block: Block

    static let setByteCount = 12
    /// CNAME.
    static let aliasType: UInt16 = 5
    static let pointerFlag: UInt16 = 0x8000

    @inline(__always) var nameLength: Int { Int(block.load(4, as: UInt8.self)) }
    @inline(__always) var setCount: Int { Int(block.load(5, as: UInt8.self)) }
    @inline(__always) var nameOffset: Int { Block.headerByteCount + Self.setByteCount * setCount }

    var name: DomainName? { DomainName(wire: block.array(nameOffset, count: nameLength)) }

    /// Of its name.
    var hash: UInt64 {
        // SAFETY: read at once, while the block is there.
        unsafe NameHash.hash(block.bytes(nameOffset, count: nameLength))
    }

    @inline(__always) func hasName(_ other: UnsafeRawBufferPointer) -> Bool {
        // SAFETY: both are read within the call.
        unsafe other.count == nameLength && block.hasBytes(other, at: nameOffset)
    }

    func hasSameName(as other: Node) -> Bool {
        // SAFETY: the other block is there while it is read.
        unsafe hasName(other.block.bytes(other.nameOffset, count: other.nameLength))
    }

    /// Where the records of a type are.
    struct RecordRange: BitwiseCopyable, Sendable {
        var type: RecordType
        var count: Int
        var start: Int
        var byteCount: Int
        var glueByteCount: Int
        var end: Int { start + byteCount }
    }

    @inline(__always) func set(_ index: Int, start: Int) -> RecordRange {
        let offset = Block.headerByteCount + Self.setByteCount * index
        return RecordRange(
            type: RecordType(rawValue: block.load(offset, as: UInt16.self)),
            count: Int(block.load(offset + 2, as: UInt16.self)), start: start,
            byteCount: Int(block.load(offset + 4, as: UInt32.self)),
            glueByteCount: Int(block.load(offset + 8, as: UInt32.self)))
    }

    /// The records of a type, or the CNAME that stands for every type but itself.
    @inline(__always) func records(_ type: RecordType) -> RecordRange? {
        var start = nameOffset + nameLength
        for index in 0..<setCount {
            let set = set(index, start: start)
            if set.type.rawValue == type.rawValue || set.type.rawValue == Self.aliasType { return set }
            start = set.end + set.glueByteCount
        }
        return nil
    }

    var sets: [RecordRange] {
        var start = nameOffset + nameLength
        return (0..<setCount).map { index in
            let set = set(index, start: start)
            start = set.end + set.glueByteCount
            return set
        }
    }
}
