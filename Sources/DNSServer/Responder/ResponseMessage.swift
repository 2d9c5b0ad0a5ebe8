internal import ClusterZone
internal import DNSWire

/// What came of a response, for sending and for counting.
struct ResponseOutcome: BitwiseCopyable, Sendable {
    var byteCount: Int
    var responseCode: ResponseCode
    var section: ZoneSection
    var isTruncated: Bool
    var isForwarded = false
    /// The client is beyond its limit and gets nothing.
    var isWithheld = false

    static func forwarded(_ section: ZoneSection) -> ResponseOutcome {
        ResponseOutcome(byteCount: 0, responseCode: .noError, section: section, isTruncated: false, isForwarded: true)
    }
}

/// A response while it is written: header and OPT are set at its end.
@safe struct ResponseMessage: ~Copyable {
    /// INFO-CODE of an extended error (RFC 8914 section 4).
    enum ExtendedError: UInt16 {
        case staleAnswer = 3
        case notReady = 14
    }

    /// Behind the question; what OPT needs is kept out of its limit.
    var writer: AnswerWriter
    var extendedError: ExtendedError?
    private let query: ParsedQuery
    private let response: UnsafeMutableRawBufferPointer
    private let payload: UInt16

    /// OPT without options, and an extended error without text.
    static let optByteCount = 11
    static let extendedErrorByteCount = 6

    /// Repeats the question byte for byte: clients compare its case.
    ///
    /// - Precondition: both stay where they are while the message lives; 12 + 255 + 4 + 17 bytes fit into `limit`.
    @unsafe init(
        _ request: UnsafeRawBufferPointer, _ query: ParsedQuery, _ response: UnsafeMutableRawBufferPointer, limit: Int,
        payload: UInt16, hasExtendedError: Bool
    ) {
        self.query = query
        // SAFETY: the caller keeps it where it is while this value lives.
        unsafe self.response = response
        self.payload = payload
        let extended = hasExtendedError ? Self.extendedErrorByteCount : 0
        let reserved = query.hasEDNS ? Self.optByteCount + extended : 0
        // SAFETY: the question is within the request, as the parser read it.
        unsafe writer = AnswerWriter(response, position: 12, limit: limit)
        if query.hasQuestion {
            unsafe writer.put(UnsafeRawBufferPointer(rebasing: request[12..<query.questionEnd]))
        }
        writer.limit -= reserved
    }

    /// HINFO in place of all records (RFC 8482 section 4.2).
    mutating func putMinimalAny(timeToLive: UInt32) {
        guard writer.remaining >= 21 else { return }
        writer.removeRecords(from: query.questionEnd)
        writer.putRecord(owner: 12, .hinfo, timeToLive: timeToLive, dataByteCount: 9)
        writer.put(7 as UInt8)
        writer.put(0x5246_4338_3438_3200 as UInt64)
        writer.answers = 1
    }

    /// Sets the header (RD and CD as they came, AD and Z clear) and adds OPT where the query had one.
    mutating func finish(
        _ code: ResponseCode, _ section: ZoneSection, _ offersRecursion: Bool, isAuthoritative: Bool = false,
        isComplete: Bool = true
    ) -> ResponseOutcome {
        if query.hasEDNS { putOPT(code) }
        var flags = query.flags.rawValue & 0x7910 | MessageFlags.response.rawValue
        if isAuthoritative { flags |= MessageFlags.authoritative.rawValue }
        if !isComplete { flags |= MessageFlags.truncated.rawValue }
        if offersRecursion { flags |= MessageFlags.recursionAvailable.rawValue }
        put(query.id, at: 0)
        put(flags | code.rawValue & 15, at: 2)
        put(query.hasQuestion ? 1 : 0, at: 4)
        put(UInt16(truncatingIfNeeded: writer.answers), at: 6)
        put(UInt16(truncatingIfNeeded: writer.authorities), at: 8)
        put(UInt16(truncatingIfNeeded: writer.additionals), at: 10)
        return ResponseOutcome(
            byteCount: writer.position, responseCode: code, section: section, isTruncated: !isComplete)
    }

    /// Sets another response code in a finished message: one that has no bits in OPT, as the one it replaces has none.
    func replaceCode(by code: ResponseCode) -> ResponseCode {
        // SAFETY: the header's 12 bytes are within the response.
        unsafe response[3] = unsafe response[3] & 0xF0 | UInt8(truncatingIfNeeded: code.rawValue & 15)
        return code
    }

    private mutating func putOPT(_ code: ResponseCode) {
        let options = extendedError == nil ? 0 : Self.extendedErrorByteCount
        writer.limit += Self.optByteCount + Self.extendedErrorByteCount
        writer.put(0 as UInt8)
        writer.put(RecordType.opt.rawValue)
        writer.put(payload)
        // Upper bits of the response code, version 0, DO as it came.
        writer.put(UInt8(truncatingIfNeeded: code.rawValue >> 4))
        writer.put(0 as UInt8)
        writer.put(query.dnssecOK ? 0x8000 as UInt16 : 0)
        writer.put(UInt16(options))
        if let extendedError {
            writer.put(EDNSOption.extendedError)
            writer.put(2 as UInt16)
            writer.put(extendedError.rawValue)
        }
        writer.additionals += 1
    }

    private func put(_ value: UInt16, at offset: Int) {
        // SAFETY: the header's 12 bytes are within the response.
        unsafe response.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }
}
