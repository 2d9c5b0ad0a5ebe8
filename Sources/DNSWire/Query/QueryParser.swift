/// Reads requests (RFC 1035 section 4, RFC 6891) without allocating.
public enum QueryParser {
    /// Records that a query may have in Answer and in Authority (IXFR has a SOA there, others none).
    static let recordLimit = 1
    /// Records in Additional: OPT and TSIG.
    static let additionalLimit = 2

    /// Reads a request once, from its header to its last record; bytes after that are ignored.
    ///
    /// - Parameters:
    ///   - query: what was found, as far as the request could be read.
    ///   - name: receives the question's name in lower case: `query.nameLength` bytes.
    public static func parse(
        _ request: RawSpan, into query: inout ParsedQuery, name: borrowing NameScratch
    ) -> QueryVerdict {
        query = ParsedQuery()
        guard request.byteCount >= 12 else { return .drop }
        query.id = request.big16(0)
        query.flags = MessageFlags(rawValue: request.big16(2))
        guard !query.flags.contains(.response) else { return .drop }
        guard query.flags.opcode == 0 else { return .refuse(.notImplemented) }
        guard request.big16(4) == 1, readQuestion(request, &query, name) else { return .refuse(.formatError) }
        // Most queries end here, or with one OPT record.
        let counts = (request.big16(6), request.big16(8), request.big16(10))
        if counts == (0, 0, 0) { return .answer }
        guard counts.0 <= recordLimit, counts.1 <= recordLimit, counts.2 <= additionalLimit else {
            return .refuse(.formatError)
        }
        return readRecords(request, &query, ignored: Int(counts.0 + counts.1), additional: Int(counts.2))
    }

    /// `NameHash` of the name that is asked for, in lower case; nil where `parse` finds none. For what is done ahead of
    /// answering.
    public static func nameHash(_ request: RawSpan, name: borrowing NameScratch) -> UInt64? {
        guard request.byteCount >= 12, request.big16(4) == 1, let offset = rootOffset(request)?.offset else { return nil }
        return name.store(request, from: 12, count: offset - 11)
    }

    /// The question: a name without pointers (nothing precedes it that one could point at), type and class.
    @inline(__always) private static func readQuestion(
        _ request: RawSpan, _ query: inout ParsedQuery, _ name: borrowing NameScratch
    ) -> Bool {
        guard let (offset, labels) = rootOffset(request) else { return false }
        query.nameLength = offset - 11
        query.labelCount = labels
        query.hash = name.store(request, from: 12, count: query.nameLength)
        query.type = RecordType(rawValue: request.big16(offset + 1))
        query.recordClass = RecordClass(rawValue: request.big16(offset + 3))
        query.questionEnd = offset + 5
        return true
    }

    /// Where the question's name ends in the root's 0, and its labels before that.
    @inline(__always) private static func rootOffset(_ request: RawSpan) -> (offset: Int, labels: Int)? {
        // The last place of a length byte: the name's root, type and class must follow.
        let last = min(request.byteCount - 5, 12 + DomainName.byteLimit - 1)
        var offset = 12
        var labels = 0
        while true {
            guard offset <= last else { return nil }
            let length = Int(request.byte(offset))
            if length == 0 { return (offset, labels) }
            guard length <= DomainName.labelByteLimit else { return nil }
            offset += length + 1
            labels += 1
        }
    }

    private static func readRecords(
        _ request: RawSpan, _ query: inout ParsedQuery, ignored: Int, additional: Int
    ) -> QueryVerdict {
        var offset = query.questionEnd
        for index in 0..<(ignored + additional) {
            let start = offset
            guard let fixed = nameEnd(request, from: start), fixed + 10 <= request.byteCount else {
                return .refuse(.formatError)
            }
            let type = RecordType(rawValue: request.big16(fixed))
            let data = fixed + 10
            offset = data + Int(request.big16(fixed + 8))
            guard offset <= request.byteCount else { return .refuse(.formatError) }
            guard type == .opt else { continue }
            // One, in Additional, owned by the root (RFC 6891 section 6.1.1).
            guard index >= ignored, !query.hasEDNS, fixed == start + 1 else { return .refuse(.formatError) }
            query.hasEDNS = true
            query.payloadSize = request.big16(fixed + 2)
            query.version = request.byte(fixed + 5)
            query.dnssecOK = request.byte(fixed + 6) & 0x80 != 0
            guard query.version == 0 else { continue }
            guard readOptions(request, &query, from: data, to: offset) else { return .refuse(.formatError) }
        }
        return query.version == 0 ? .answer : .refuse(.badVersion)
    }

    private static func readOptions(
        _ request: RawSpan, _ query: inout ParsedQuery, from start: Int, to end: Int
    ) -> Bool {
        var offset = start
        while offset < end {
            guard offset + 4 <= end else { return false }
            let code = request.big16(offset)
            let length = Int(request.big16(offset + 2))
            guard offset + 4 + length <= end else { return false }
            if code == EDNSOption.cookie {
                // A client cookie, or one with the server's after it (RFC 7873 section 5.2.2).
                guard length == 8 || (16...40).contains(length) else { return false }
                (query.cookieOffset, query.cookieLength) = (offset + 4, length)
            }
            offset += 4 + length
        }
        return true
    }

    /// Where a record's owner ends; a pointer ends it and is not followed, as the owner does not matter.
    private static func nameEnd(_ request: RawSpan, from start: Int) -> Int? {
        var offset = start
        while offset < request.byteCount, offset - start < DomainName.byteLimit {
            let length = Int(request.byte(offset))
            if length == 0 { return offset + 1 }
            if length >= 0xC0 { return offset + 2 }
            guard length <= DomainName.labelByteLimit else { return nil }
            offset += length + 1
        }
        return nil
    }
}

extension RawSpan {
    @inline(__always) func byte(_ offset: Int) -> UInt8 {
        // SAFETY: any byte is an integer, and the load checks its bounds.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    @inline(__always) func big16(_ offset: Int) -> UInt16 {
        // SAFETY: any bytes are an integer, and the load checks its bounds.
        unsafe UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
}
