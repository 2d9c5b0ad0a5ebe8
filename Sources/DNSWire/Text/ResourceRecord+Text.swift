extension ResourceRecord: CustomStringConvertible {
    /// `name ttl class type rdata`, as zone files and dig have it, one space between.
    public var description: String { "\(name) \(timeToLive) \(recordClass) \(type) \(data)" }
}

extension ResourceRecord: LosslessStringConvertible {
    /// Parses one line of a zone file: owner, time to live in seconds, class (`IN` where it is left out), type, RDATA.
    ///
    /// Names are absolute with or without the final dot. RDATA is in the form of A, AAAA, NS, CNAME, PTR, SOA, SRV, TXT,
    /// HINFO and MX, or in that of RFC 3597 for any type. Class and time to live may stand in either order. There are no
    /// parentheses, directives, or owners and times taken from the line before. Comments are ignored.
    public init?(_ text: String) {
        guard var fields = ZoneFields(text), let name = fields.name() else { return nil }
        let firstClass = fields.recordClass()
        guard let timeToLive: UInt32 = fields.number() else { return nil }
        let recordClass = firstClass ?? fields.recordClass() ?? .internet
        guard let type = fields.word().flatMap({ RecordType($0) }),
            let data = RecordData(type: type, recordClass: recordClass, &fields), fields.isAtEnd
        else { return nil }
        self.init(name: name, recordClass: recordClass, timeToLive: timeToLive, data: data)
    }
}

extension [ResourceRecord] {
    /// The records of a zone file's lines, each as `ResourceRecord(_:)` takes it; lines of space and comments are
    /// skipped. nil when any other line is not a record.
    public init?(zoneText: String) {
        self = []
        for line in zoneText.split(whereSeparator: \.isNewline) {
            guard let fields = ZoneFields(String(line)) else { return nil }
            if fields.isAtEnd { continue }
            guard let record = ResourceRecord(String(line)) else { return nil }
            append(record)
        }
    }
}
