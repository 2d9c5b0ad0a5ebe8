extension MessageDecoder {
    /// A name, its pointers followed (RFC 1035 section 4.1.4).
    ///
    /// A pointer must lead before the start of the run of labels that it ends, so no name can come back to itself.
    /// - Complexity: at most 128 labels and `pointerLimit` pointers, whatever the message is.
    mutating func name(_ bytes: Span<UInt8>) throws(DecodingFault) -> DomainName {
        let start = position
        let pointed = pointer(at: start, bytes)
        if let pointed, let recentName, recentName.offset == pointed {
            steps &+= 1
            position &+= 2
            return recentName.name
        }
        let extent = try nameExtent(bytes)
        position = extent.next
        let name = extent.length == 1 ? DomainName.root : copiedName(from: start, length: extent.length, bytes)
        if let pointed { recentName = (pointed, name) }
        return name
    }

    /// Where a whole pointer at `place` leads; nil when there is none.
    private func pointer(at place: Int, _ bytes: Span<UInt8>) -> Int? {
        guard followsPointers, place &+ 2 <= end, bytes[place] >= 0xC0 else { return nil }
        return Int(bytes[place] & 0x3F) << 8 | Int(bytes[place &+ 1])
    }

    /// Checks a name: bytes it has in full, and the place after it.
    private mutating func nameExtent(_ bytes: Span<UInt8>) throws(DecodingFault) -> (length: Int, next: Int) {
        var walk = NameWalk(start: position, limit: end)
        while true {
            steps &+= 1
            guard walk.place < walk.limit else { throw DecodingFault(.overrun, at: walk.place) }
            let byte = bytes[walk.place]
            switch byte >> 6 {
            case 0:
                try walk.pass(labelOf: Int(byte), nameStart: position)
                if byte == 0 { return (walk.length, walk.next ?? walk.place) }
            case 3:
                guard followsPointers else { throw DecodingFault(.pointerWithoutMessage, at: walk.place) }
                guard walk.place &+ 1 < walk.limit else { throw DecodingFault(.overrun, at: walk.place) }
                let target = Int(byte & 0x3F) << 8 | Int(bytes[walk.place &+ 1])
                try walk.jump(to: target, messageEnd: bytes.count)
            default:
                throw DecodingFault(.labelType, at: walk.place)
            }
        }
    }

    /// Writes out a name that `nameExtent` has checked.
    private func copiedName(from start: Int, length: Int, _ bytes: Span<UInt8>) -> DomainName {
        var wire = [UInt8](repeating: 0, count: length)
        var target = wire.mutableSpan
        var place = start
        var written = 0
        while written < length &- 1 {
            let byte = bytes[place]
            if byte >= 0xC0 {
                place = Int(byte & 0x3F) << 8 | Int(bytes[place &+ 1])
                continue
            }
            for index in 0...Int(byte) { target[written &+ index] = bytes[place &+ index] }
            written &+= Int(byte) &+ 1
            place &+= Int(byte) &+ 1
        }
        return DomainName(checked: wire)
    }
}

/// The way through a compressed name.
private struct NameWalk {
    /// The length byte or pointer to look at.
    var place: Int
    /// The end of the bytes the labels here may take: of what holds the name; behind a pointer, of the message.
    var limit: Int
    /// Where this run of labels began.
    private var runStart: Int
    /// Bytes of the name so far.
    private(set) var length = 0
    /// The place after the name, known once a pointer was met.
    private(set) var next: Int?
    private var pointers = 0

    init(start: Int, limit: Int) {
        place = start
        runStart = start
        self.limit = limit
    }

    mutating func pass(labelOf count: Int, nameStart: Int) throws(DecodingFault) {
        guard count < limit &- place else { throw DecodingFault(.overrun, at: place) }
        length &+= count &+ 1
        guard length <= DomainName.byteLimit else { throw DecodingFault(.nameTooLong, at: nameStart) }
        place &+= count &+ 1
    }

    mutating func jump(to target: Int, messageEnd: Int) throws(DecodingFault) {
        guard target < runStart else { throw DecodingFault(.pointerNotBackwards, at: place) }
        guard target >= MessageDecoder.headerByteCount else { throw DecodingFault(.pointerIntoHeader, at: place) }
        guard pointers < MessageDecoder.pointerLimit else { throw DecodingFault(.pointerLimit, at: place) }
        pointers &+= 1
        if next == nil { next = place &+ 2 }
        place = target
        runStart = target
        limit = messageEnd
    }
}
