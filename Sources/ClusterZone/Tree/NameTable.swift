/// A persistent hash table from names in lower case to nodes: the side that reads.
///
/// A root block refers to chunks of 256 buckets, and a bucket holds the nodes of some six names with 32 bits of their
/// hashes. A change copies the root, a chunk and a bucket for each name: some 3 KB, whatever the table holds.
struct NameTable: BitwiseCopyable, Sendable {
    var root: Block
    /// Buckets, a power of two.
    var bucketCount: Int
    var count = 0

    static let chunkBits = 8
    static let bucketsPerChunk = 1 << chunkBits
    /// Names a bucket holds on average at most, before the table doubles.
    static let load = 6

    @inline(__always) func find(_ name: UnsafeRawBufferPointer, hash: UInt64) -> Node? {
        guard let bucket = bucket(hash) else { return nil }
        let count = Int(bucket.load(8, as: UInt32.self))
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        for position in 0..<count where bucket.load(12 + 4 * position, as: UInt32.self) == tag {
            guard let block = bucket.block(Self.nodes(count) + 8 * position) else { continue }
            let node = Node(block: block)
            // SAFETY: the caller's bytes and the node's are only read, here.
            if unsafe node.hasName(name) { return node }
        }
        return nil
    }

    /// Where a name with that hash is, if anywhere.
    @inline(__always) func bucket(_ hash: UInt64) -> Block? {
        let index = Int(truncatingIfNeeded: hash) & (bucketCount - 1)
        return root.block(Self.slot(index >> Self.chunkBits))?.block(Self.slot(index & (Self.bucketsPerChunk - 1)))
    }

    /// Where a root or a chunk refers to its part.
    @inline(__always) static func slot(_ index: Int) -> Int { Block.headerByteCount + 8 * index }

    /// Where a bucket of that many names refers to its nodes: after the count and the tags.
    @inline(__always) static func nodes(_ count: Int) -> Int { (12 + 4 * count + 7) & ~7 }

    static func bucketByteCount(_ count: Int) -> Int { nodes(count) + 8 * count }

    func forEachNode(_ body: (Node) throws -> Void) rethrows {
        try forEachBucket { bucket in
            let count = Int(bucket.load(8, as: UInt32.self))
            for position in 0..<count {
                guard let block = bucket.block(Self.nodes(count) + 8 * position) else { continue }
                try body(Node(block: block))
            }
        }
    }

    func forEachBucket(_ body: (Block) throws -> Void) rethrows {
        try forEachChunk { chunk in
            for index in 0..<Self.bucketsPerChunk {
                if let bucket = chunk.block(Self.slot(index)) { try body(bucket) }
            }
        }
    }

    func forEachChunk(_ body: (Block) throws -> Void) rethrows {
        for index in 0..<(bucketCount >> Self.chunkBits) {
            if let chunk = root.block(Self.slot(index)) { try body(chunk) }
        }
    }
}
