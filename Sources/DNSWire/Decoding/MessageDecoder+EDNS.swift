/// The Additional section, OPT apart.
struct AdditionalSection {
    var records: [ResourceRecord] = []
    var edns: EDNS?
    /// The upper eight bits of the response code, already in their place.
    var extendedCode: UInt16 = 0
}

extension MessageDecoder {
    mutating func additionals(_ count: UInt16, _ bytes: Span<UInt8>) throws(DecodingFault) -> AdditionalSection {
        var section = AdditionalSection()
        reserve(count, &section.records)
        for _ in 0..<count {
            let head = try recordHead(bytes)
            guard head.type == .opt else {
                section.records.append(try record(head, bytes))
                continue
            }
            guard section.edns == nil else { throw DecodingFault(.secondOPT, at: head.offset) }
            guard head.name.isRoot else { throw DecodingFault(.ownedOPT, at: head.offset) }
            section.edns = try edns(head, bytes)
            section.extendedCode = UInt16(truncatingIfNeeded: head.timeToLive >> 24) << 4
        }
        return section
    }

    /// OPT: the class is a payload size, the time to live is extended code, version and flags (RFC 6891 section 6.1).
    private mutating func edns(_ head: RecordHead, _ bytes: Span<UInt8>) throws(DecodingFault) -> EDNS {
        let messageEnd = end
        end = head.dataEnd
        var options: [EDNSOption] = []
        while position < end {
            let code = try uint16(bytes)
            let lengthOffset = position
            let length = Int(try uint16(bytes))
            guard length <= end &- position else { throw DecodingFault(.overrun, at: lengthOffset) }
            options.append(EDNSOption(code: code, data: try self.bytes(length, bytes)))
        }
        end = messageEnd
        return EDNS(
            payloadSize: head.recordClass.rawValue, version: UInt8(truncatingIfNeeded: head.timeToLive >> 16),
            dnssecOK: head.timeToLive & 0x8000 != 0, options: options)
    }
}
