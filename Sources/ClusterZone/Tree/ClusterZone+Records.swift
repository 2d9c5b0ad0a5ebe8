internal import DNSWire
internal import NetworkTypes

/// How a node's records are written. Each returns false where something did not fit: whole records only.
extension ClusterZone {
    /// Addresses, from one that chance chooses, all of them or as many as fit.
    @inline(__always) func putAddresses(
        _ node: Node, _ records: Node.RecordRange, _ size: Int, _ owner: Int, _ rotation: UInt32,
        _ writer: inout AnswerWriter
    ) -> Bool {
        let count = records.count
        let fitting = min(count, writer.remaining / (AnswerWriter.recordByteCount + size))
        // Every start is as likely as the others, but for one part in 2^32 / count.
        var index = Int(truncatingIfNeeded: (UInt64(rotation) * UInt64(count)) >> 32)
        for _ in 0..<fitting {
            writer.putRecord(owner: owner, records.type, timeToLive: domain.timeToLive, dataByteCount: size)
            // SAFETY: copied at once.
            unsafe writer.put(node.block.bytes(records.start + index * size, count: size))
            index = index + 1 == count ? 0 : index + 1
        }
        writer.answers += fitting
        return fitting == count
    }

    func put(_ address: IPAddress, _ owner: Int, _ writer: inout AnswerWriter) -> Bool {
        let size = address.family.addressByteCount
        guard writer.remaining >= AnswerWriter.recordByteCount + size else { return false }
        let type: RecordType = address.family == .ipv4 ? .a : .aaaa
        writer.putRecord(owner: owner, type, timeToLive: domain.timeToLive, dataByteCount: size)
        if let v4 = address.v4 { writer.put(v4) } else { writer.put(address.bits) }
        writer.answers += 1
        return true
    }

    func putText(_ node: Node, _ records: Node.RecordRange, _ owner: Int, _ writer: inout AnswerWriter) -> Bool {
        let timeToLive = UInt32(bigEndian: node.block.load(records.start, as: UInt32.self))
        let count = Int(UInt16(bigEndian: node.block.load(records.start + 4, as: UInt16.self)))
        guard writer.remaining >= AnswerWriter.recordByteCount + count else { return false }
        writer.putRecord(owner: owner, .txt, timeToLive: timeToLive, dataByteCount: count)
        // SAFETY: copied at once.
        unsafe writer.put(node.block.bytes(records.start + 6, count: count))
        writer.answers += 1
        return true
    }

    /// A CNAME with its target in full: what follows can point at any part of it. Returns the target's bytes, nil where it
    /// does not fit.
    func putAlias(_ node: Node, _ records: Node.RecordRange, _ owner: Int, _ writer: inout AnswerWriter) -> Int? {
        let data = RecordData(node, at: records.start)
        let rest = data.pointer.map { node.nameLength - $0 } ?? 0
        let length = data.byteCount + rest
        guard writer.remaining >= AnswerWriter.recordByteCount + length else { return nil }
        writer.putRecord(owner: owner, .cname, timeToLive: domain.timeToLive, dataByteCount: length)
        // SAFETY: copied at once.
        unsafe writer.put(node.block.bytes(data.start, count: data.byteCount))
        if let pointer = data.pointer { unsafe writer.put(node.block.bytes(node.nameOffset + pointer, count: rest)) }
        writer.answers += 1
        return length
    }

    /// SRV or NS, then what fits of the addresses of the names that they name.
    func putNamed(_ node: Node, _ records: Node.RecordRange, _ owner: Int, _ writer: inout AnswerWriter) -> Bool {
        let begin = writer.position
        var offset = records.start
        while offset < records.end {
            let data = RecordData(node, at: offset)
            let length = data.byteCount + (data.pointer == nil ? 0 : 2)
            guard writer.remaining >= AnswerWriter.recordByteCount + length else { return false }
            writer.putRecord(owner: owner, records.type, timeToLive: domain.timeToLive, dataByteCount: length)
            // SAFETY: copied at once.
            unsafe writer.put(node.block.bytes(data.start, count: data.byteCount))
            if let pointer = data.pointer { writer.put(UInt16(0xC000 | (owner + pointer))) }
            writer.answers += 1
            offset = data.end
        }
        putGlue(node, records, begin, owner, &writer)
        return true
    }

    /// One pass over records and glue, which have the same order. Glue that does not fit is nobody's loss.
    private func putGlue(
        _ node: Node, _ records: Node.RecordRange, _ begin: Int, _ owner: Int, _ writer: inout AnswerWriter
    ) {
        let front = records.type == .srv ? 6 : 0
        var (index, offset, place) = (0, records.start, begin)
        var glue = records.end
        while glue < records.end + records.glueByteCount {
            let target = Int(UInt16(bigEndian: node.block.load(glue, as: UInt16.self)))
            let size = Int(node.block.load(glue + 2, as: UInt8.self))
            while index < target {
                let data = RecordData(node, at: offset)
                place += AnswerWriter.recordByteCount + data.byteCount + (data.pointer == nil ? 0 : 2)
                (offset, index) = (data.end, index + 1)
            }
            let name = place + AnswerWriter.recordByteCount + front
            // Beyond the reach of pointers only TCP gets; clients ask for such a target themselves.
            guard name < AnswerWriter.pointerLimit, writer.remaining >= AnswerWriter.recordByteCount + size else { return }
            writer.putRecord(
                owner: name, size == 4 ? .a : .aaaa, timeToLive: domain.timeToLive, dataByteCount: size)
            // SAFETY: copied at once.
            unsafe writer.put(node.block.bytes(glue + 3, count: size))
            writer.additionals += 1
            glue += 3 + size
        }
    }

    /// One record's data within a node.
    struct RecordData: BitwiseCopyable {
        let start: Int
        /// Without the pointer.
        let byteCount: Int
        /// Where in the node's name the data's last name goes on.
        let pointer: Int?

        @inline(__always) init(_ node: Node, at offset: Int) {
            let word = UInt16(bigEndian: node.block.load(offset, as: UInt16.self))
            let count = Int(word & ~Node.pointerFlag)
            start = offset + 2
            let hasPointer = word & Node.pointerFlag != 0
            byteCount = hasPointer ? count - 2 : count
            pointer =
                hasPointer ? Int(UInt16(bigEndian: node.block.load(offset + count, as: UInt16.self))) : nil
        }

        /// Where the next one begins.
        var end: Int { start + byteCount + (pointer == nil ? 0 : 2) }
    }
}
