/// What stands before a record's RDATA.
struct RecordHead {
    /// Where the record begins.
    var offset: Int
    var name: DomainName
    var type: RecordType
    var recordClass: RecordClass
    var timeToLive: UInt32
    /// The place after the RDATA, within the message.
    var dataEnd: Int
}

extension MessageDecoder {
    mutating func question(_ bytes: Span<UInt8>) throws(DecodingFault) -> Question {
        let name = try name(bytes)
        let type = RecordType(rawValue: try uint16(bytes))
        return Question(name: name, type: type, recordClass: RecordClass(rawValue: try uint16(bytes)))
    }

    /// A section that may not have OPT: Answer or Authority.
    mutating func records(_ count: UInt16, _ bytes: Span<UInt8>) throws(DecodingFault) -> [ResourceRecord] {
        var records: [ResourceRecord] = []
        reserve(count, &records)
        for _ in 0..<count {
            let head = try recordHead(bytes)
            guard head.type != .opt else { throw DecodingFault(.misplacedOPT, at: head.offset) }
            records.append(try record(head, bytes))
        }
        return records
    }

    /// Room for as many records as the header promises and the bytes that are left can hold.
    func reserve(_ count: UInt16, _ records: inout [ResourceRecord]) {
        records.reserveCapacity(min(Int(count), (end &- position) / Self.recordByteMinimum))
    }

    mutating func recordHead(_ bytes: Span<UInt8>) throws(DecodingFault) -> RecordHead {
        let offset = position
        let name = try name(bytes)
        let type = RecordType(rawValue: try uint16(bytes))
        let recordClass = RecordClass(rawValue: try uint16(bytes))
        let timeToLive = try uint32(bytes)
        let lengthOffset = position
        let length = Int(try uint16(bytes))
        guard length <= end &- position else { throw DecodingFault(.overrun, at: lengthOffset) }
        return RecordHead(
            offset: offset, name: name, type: type, recordClass: recordClass, timeToLive: timeToLive,
            dataEnd: position &+ length)
    }

    mutating func record(_ head: RecordHead, _ bytes: Span<UInt8>) throws(DecodingFault) -> ResourceRecord {
        let messageEnd = end
        end = head.dataEnd
        let data = try recordData(head.type, head.recordClass, bytes)
        end = messageEnd
        return ResourceRecord(
            name: head.name, recordClass: head.recordClass, timeToLive: head.timeToLive, data: data)
    }
}
