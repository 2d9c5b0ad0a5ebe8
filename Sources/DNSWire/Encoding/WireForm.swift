extension ResourceRecord {
    /// The record in wire form, its names written in full.
    ///
    /// - Precondition: RDATA of at most `RecordData.byteLimit` bytes.
    public var wire: [UInt8] {
        let data = data.wire
        precondition(data.count <= RecordData.byteLimit, "RDATA has at most 65535 bytes")
        var wire = name.wire
        wire.append(bigEndian: type.rawValue)
        wire.append(bigEndian: recordClass.rawValue)
        wire.append(bigEndian: timeToLive)
        wire.append(bigEndian: UInt16(truncatingIfNeeded: data.count))
        return wire + data
    }
}

extension RecordData {
    /// Bytes of RDATA at most (RFC 1035 section 3.2.1: RDLENGTH has 16 bits).
    public static let byteLimit = 65535

    /// RDATA in wire form without its length, its names written in full.
    public var wire: [UInt8] {
        var writer = MessageWriter(id: 0)
        let header = writer.bytes.count
        writer.append(self, compressed: false)
        return Array(writer.bytes[header...])
    }
}

extension EDNS {
    /// OPT in wire form, with the upper bits of the response code (RFC 6891 section 6.1).
    ///
    /// RDATA longer than 65535 bytes makes a record longer than any message, which its caller leaves out.
    func wire(_ responseCode: ResponseCode) -> [UInt8] {
        var data: [UInt8] = []
        for option in options {
            data.append(bigEndian: option.code)
            data.append(bigEndian: UInt16(truncatingIfNeeded: option.data.count))
            data += option.data
        }
        var wire = DomainName.root.wire
        wire.append(bigEndian: RecordType.opt.rawValue)
        wire.append(bigEndian: payloadSize)
        wire.append(bigEndian: UInt32(responseCode.rawValue >> 4) << 24 | UInt32(version) << 16 | (dnssecOK ? 0x8000 : 0))
        wire.append(bigEndian: UInt16(truncatingIfNeeded: data.count))
        return wire + data
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
