extension Message {
    /// Decodes a message; any bytes give one or a fault.
    ///
    /// Names inside RDATA are written in full (RFC 1035, RFC 3597 section 4); OPT becomes `edns`.
    /// - Complexity: linear in the count of bytes; what is allocated is bounded by bytes that are there, not by counts
    ///   that they announce.
    /// - Throws: `DecodingFault`, at the first byte that is wrong.
    public init(decoding bytes: Span<UInt8>, mode: DecodingMode = .strict) throws(DecodingFault) {
        var decoder = MessageDecoder(byteCount: bytes.count)
        self = try decoder.message(bytes, mode)
    }

    /// `init(decoding:mode:)` of an array.
    public init(decoding bytes: [UInt8], mode: DecodingMode = .strict) throws(DecodingFault) {
        try self.init(decoding: bytes.span, mode: mode)
    }
}

extension MessageDecoder {
    mutating func message(_ bytes: Span<UInt8>, _ mode: DecodingMode) throws(DecodingFault) -> Message {
        guard bytes.count <= Self.messageByteLimit else {
            throw DecodingFault(.messageTooLong, at: Self.messageByteLimit)
        }
        let id = try uint16(bytes)
        let flags = try uint16(bytes)
        let counts = (
            questions: try uint16(bytes), answers: try uint16(bytes), authorities: try uint16(bytes),
            additionals: try uint16(bytes)
        )
        var message = Message(
            id: id, flags: MessageFlags(rawValue: flags & 0xFFF0), responseCode: ResponseCode(rawValue: flags & 0xF))
        for _ in 0..<counts.questions { message.questions.append(try question(bytes)) }
        message.answers = try records(counts.answers, bytes)
        message.authorities = try records(counts.authorities, bytes)
        let additional = try additionals(counts.additionals, bytes)
        message.additionals = additional.records
        message.edns = additional.edns
        message.responseCode = ResponseCode(rawValue: flags & 0xF | additional.extendedCode)
        guard mode == .lenient || position == end else { throw DecodingFault(.trailingBytes, at: position) }
        return message
    }
}

extension RecordData {
    /// Decodes RDATA on its own, where names are in full.
    /// - Throws: `DecodingFault`, with the byte from the start of the RDATA.
    public init(
        type: RecordType, recordClass: RecordClass = .internet, decoding bytes: [UInt8]
    ) throws(DecodingFault) {
        guard bytes.count <= Self.byteLimit else { throw DecodingFault(.recordDataTooLong, at: 0) }
        var decoder = MessageDecoder(byteCount: bytes.count)
        decoder.followsPointers = false
        self = try decoder.recordData(type, recordClass, bytes.span)
    }
}
