internal import DNSWire

extension NameTable {
    init(_ writer: inout BlockWriter, bucketCount: Int = NameTable.bucketsPerChunk) {
        self.bucketCount = bucketCount
        let chunks = bucketCount >> Self.chunkBits
        root = writer.allocate(byteCount: Self.slot(chunks))
        for index in 0..<chunks {
            root.store(writer.allocate(byteCount: Self.slot(Self.bucketsPerChunk)), at: Self.slot(index))
        }
    }

    /// Puts a node in place of the one of the same name, if there is one.
    mutating func set(_ node: Node, hash: UInt64, _ writer: inout BlockWriter) {
        if count >= bucketCount * Self.load { grow(&writer) }
        let chunk = writableChunk(hash, &writer)
        let slot = Self.bucketSlot(hash, bucketCount)
        guard let bucket = chunk.block(slot) else {
            chunk.store(Self.bucket([(Self.tag(hash), node.block)], writer), at: slot)
            count += 1
            return
        }
        if let position = Self.position(of: node, tag: Self.tag(hash), in: bucket) {
            let copy = writer.writable(bucket)
            let offset = Self.nodes(Self.count(bucket)) + 8 * position
            if let old = copy.block(offset) { writer.discard(leaf: old) }
            copy.store(node.block, at: offset)
            chunk.store(copy, at: slot)
        } else {
            chunk.store(Self.bucket(Self.entries(bucket) + [(Self.tag(hash), node.block)], writer), at: slot)
            writer.discard(page: bucket)
            count += 1
        }
    }

    mutating func remove(_ name: DomainName, hash: UInt64, _ writer: inout BlockWriter) {
        // SAFETY: the name's bytes outlive the call.
        let found = unsafe name.wire.withUnsafeBytes { unsafe find($0, hash: hash) }
        guard let found else { return }
        let chunk = writableChunk(hash, &writer)
        let slot = Self.bucketSlot(hash, bucketCount)
        guard let bucket = chunk.block(slot) else { return }
        let rest = Self.entries(bucket).filter { $0.node != found.block }
        chunk.store(rest.isEmpty ? nil : Self.bucket(rest, writer), at: slot)
        writer.discard(page: bucket)
        writer.discard(leaf: found.block)
        count -= 1
    }

    /// Everything, for the last snapshot to free.
    func discardAll(_ writer: inout BlockWriter) {
        forEachNode { writer.discard(leaf: $0.block) }
        forEachBucket { writer.discard(leaf: $0) }
        forEachChunk { writer.discard(leaf: $0) }
        writer.discard(leaf: root)
    }

    private mutating func writableChunk(_ hash: UInt64, _ writer: inout BlockWriter) -> Block {
        root = writer.writable(root)
        let slot = Self.slot((Int(truncatingIfNeeded: hash) & (bucketCount - 1)) >> Self.chunkBits)
        guard let chunk = root.block(slot) else { preconditionFailure("a root without one of its chunks") }
        let copy = writer.writable(chunk)
        root.store(copy, at: slot)
        return copy
    }

    /// Twice as many buckets. The nodes stay where they are.
    private mutating func grow(_ writer: inout BlockWriter) {
        let old = self
        self = NameTable(&writer, bucketCount: bucketCount * 2)
        var groups: [Int: [(tag: UInt32, node: Block)]] = [:]
        old.forEachBucket { bucket in
            groups.removeAll(keepingCapacity: true)
            for entry in Self.entries(bucket) {
                let hash = Node(block: entry.node).hash
                groups[Int(truncatingIfNeeded: hash) & (bucketCount - 1), default: []].append(entry)
            }
            for (index, entries) in groups {
                let chunk = root.block(Self.slot(index >> Self.chunkBits))
                chunk?.store(Self.bucket(entries, writer), at: Self.slot(index & (Self.bucketsPerChunk - 1)))
            }
        }
        old.forEachBucket { writer.discard(page: $0) }
        old.forEachChunk { writer.discard(page: $0) }
        writer.discard(page: old.root)
        count = old.count
    }

    private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }

    private static func bucketSlot(_ hash: UInt64, _ bucketCount: Int) -> Int {
        slot(Int(truncatingIfNeeded: hash) & (bucketCount - 1) & (bucketsPerChunk - 1))
    }

    private static func count(_ bucket: Block) -> Int { Int(bucket.load(8, as: UInt32.self)) }

    private static func entries(_ bucket: Block) -> [(tag: UInt32, node: Block)] {
        let count = count(bucket)
        return (0..<count).compactMap { position in
            bucket.block(nodes(count) + 8 * position).map { (bucket.load(12 + 4 * position, as: UInt32.self), $0) }
        }
    }

    private static func bucket(_ entries: [(tag: UInt32, node: Block)], _ writer: BlockWriter) -> Block {
        let block = writer.allocate(byteCount: bucketByteCount(entries.count))
        block.store(UInt32(entries.count), at: 8)
        for (position, entry) in entries.enumerated() {
            block.store(entry.tag, at: 12 + 4 * position)
            block.store(entry.node, at: nodes(entries.count) + 8 * position)
        }
        return block
    }

    private static func position(of node: Node, tag: UInt32, in bucket: Block) -> Int? {
        entries(bucket).firstIndex { $0.tag == tag && Node(block: $0.node).hasSameName(as: node) }
    }
}
