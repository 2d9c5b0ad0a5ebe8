extension ClusterZone {
    /// Questions that are read ahead together at most.
    package static let readAheadLimit = 32

    /// Reads what answers to questions with these names will read, so that it is in the processor's caches.
    ///
    /// An answer follows three references, each of which waits for memory in a zone larger than the caches. Followed for
    /// many names in step, the waits are over at the same time.
    ///
    /// - Parameter hashes: `NameHash` of the names; those beyond `readAheadLimit` are left out.
    /// - Returns: what was read, added up: without a use of it nothing would have to be read.
    package func readAhead(_ hashes: Span<UInt64>) -> UInt64 { tables.names.readAhead(hashes) }
}

extension NameTable {
    fileprivate func readAhead(_ hashes: Span<UInt64>) -> UInt64 {
        let count = min(hashes.count, ClusterZone.readAheadLimit)
        var found = InlineArray<32, Block>(repeating: root)
        var sum: UInt64 = 0
        // Each loop's loads do not depend on each other, nor does a branch on them.
        for index in 0..<count { found[index] = bucket(hashes[index]) ?? root }
        for index in 0..<count { sum &+= UInt64(found[index].byteCount) }
        for index in 0..<count { found[index] = firstNode(of: found[index], hashes[index]) }
        for index in 0..<count { sum &+= UInt64(found[index].byteCount) }
        return sum
    }

    /// The node that has the name's 32 bits of hash, which is hardly ever another one's; without one the bucket.
    @inline(__always) private func firstNode(of bucket: Block, _ hash: UInt64) -> Block {
        guard bucket != root else { return bucket }
        let count = Int(bucket.load(8, as: UInt32.self))
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        for position in 0..<count where bucket.load(12 + 4 * position, as: UInt32.self) == tag {
            return bucket.block(Self.nodes(count) + 8 * position) ?? bucket
        }
        return bucket
    }
}
