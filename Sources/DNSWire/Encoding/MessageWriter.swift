/// Writes one message of a limited size: header, questions, records section by section, OPT last.
///
/// Names are compressed against all that was written before (RFC 1035 section 4.1.4), with their case kept. What does
/// not fit is left out in whole records: an answer that is left out sets TC, a set of Authority or Additional is left
/// out whole and says nothing (RFC 2181 section 9).
public struct MessageWriter: Sendable {
    /// In the order they are written in.
    public enum Section: Int, Sendable, Hashable, CaseIterable {
        case answer
        case authority
        case additional
    }

    /// Bytes of a message at most (RFC 1035 section 4.2.2: TCP announces the length in 16 bits).
    public static let byteLimit = MessageDecoder.messageByteLimit
    private static let headerByteCount = MessageDecoder.headerByteCount
    /// Where the count of questions is.
    private static let countsOffset = 4

    var bytes: [UInt8] = []
    var names = CompressionTable()
    /// Bytes that may be taken before OPT.
    private let limit: Int
    private let option: [UInt8]
    private var flags: MessageFlags
    private let lowerCode: UInt16
    /// Questions, then one for each section.
    private var counts: [UInt16] = [0, 0, 0, 0]
    /// Something was left out, nothing more is written.
    public private(set) var isFull = false

    /// Starts a message.
    ///
    /// OPT takes its room first, so that it is there also in a truncated message (RFC 6891 section 7); where it has none
    /// beside the header its options, or all of it, are left out.
    /// - Parameters:
    ///   - responseCode: Above 15 it needs `edns`; without, it travels as SERVFAIL.
    ///   - limit: Bytes of the message at most, OPT included; taken as at least 12 and at most `byteLimit`.
    public init(
        id: UInt16, flags: MessageFlags = MessageFlags(), responseCode: ResponseCode = .noError, edns: EDNS? = nil,
        limit: Int = byteLimit
    ) {
        let limit = min(max(limit, Self.headerByteCount), Self.byteLimit)
        option = Self.fittingOption(edns, responseCode, limit - Self.headerByteCount)
        self.limit = limit - option.count
        self.flags = MessageFlags(rawValue: flags.rawValue & 0xFFF0)
        let code = option.isEmpty && responseCode.rawValue > 15 ? ResponseCode.serverFailure : responseCode
        lowerCode = code.rawValue & 0xF
        bytes.reserveCapacity(min(limit, 512))
        append(id)
        bytes.append(contentsOf: repeatElement(0, count: Self.headerByteCount - 2))
    }

    private static func fittingOption(_ edns: EDNS?, _ code: ResponseCode, _ room: Int) -> [UInt8] {
        guard var edns else { return [] }
        let full = edns.wire(code)
        if full.count <= room { return full }
        edns.options = []
        let bare = edns.wire(code)
        return bare.count <= room ? bare : []
    }

    /// Writes a question; false: it does not fit, TC is set.
    ///
    /// - Precondition: no record has been written.
    @discardableResult
    public mutating func append(_ question: Question) -> Bool {
        precondition(counts[1...].allSatisfy { $0 == 0 }, "questions come before records")
        let start = (bytes.count, names.mark)
        guard !isFull else { return false }
        append(question.name, compressed: true)
        append(question.type.rawValue)
        append(question.recordClass.rawValue)
        guard keep(since: start) else {
            flags.insert(.truncated)
            return false
        }
        counts[0] += 1
        return true
    }

    /// Writes records of a section; false: not all of them fit, and nothing more is written from here on.
    ///
    /// Answers are written as far as they fit, and TC is set if that is not all. Of the other sections, neighbours of
    /// one name, type and class are written together or not at all, without TC.
    /// - Precondition: nothing of a later section has been written.
    @discardableResult
    public mutating func append(_ records: [ResourceRecord], to section: Section) -> Bool {
        precondition(counts[(section.rawValue + 2)...].allSatisfy { $0 == 0 }, "sections come in their order")
        var first = 0
        while first < records.count, !isFull {
            let end = section == .answer ? first + 1 : records.setEnd(from: first)
            let start = (bytes.count, names.mark)
            for record in records[first..<end] where bytes.count <= limit { append(record) }
            guard keep(since: start) else { break }
            counts[section.rawValue + 1] += UInt16(truncatingIfNeeded: end - first)
            first = end
        }
        if section == .answer, first < records.count { flags.insert(.truncated) }
        return first == records.count
    }

    /// The message, whole.
    public consuming func finish() -> [UInt8] {
        if !option.isEmpty {
            bytes += option
            counts[3] += 1
        }
        put(flags.rawValue | lowerCode, at: 2)
        for (index, count) in counts.enumerated() { put(count, at: Self.countsOffset + 2 * index) }
        return bytes
    }

    /// Takes back what was written since `start` if it goes over the limit.
    private mutating func keep(since start: (bytes: Int, names: Int)) -> Bool {
        if bytes.count <= limit { return true }
        bytes.removeLast(bytes.count - start.bytes)
        names.removeEntries(after: start.names)
        isFull = true
        return false
    }
}

extension [ResourceRecord] {
    /// The end of the neighbours that form one set with the record at `start`.
    fileprivate func setEnd(from start: Int) -> Int {
        var end = start + 1
        while end < count, self[end].type == self[start].type, self[end].recordClass == self[start].recordClass,
            self[end].name == self[start].name
        {
            end += 1
        }
        return end
    }
}
