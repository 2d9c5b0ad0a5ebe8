internal import NetworkTypes

extension RecordData {
    /// RDATA in zone file form, as far as its fields go.
    init?(type: RecordType, recordClass: RecordClass, _ fields: inout ZoneFields) {
        if fields.skip("\\#") {
            self.init(type: type, recordClass: recordClass, generic: &fields)
            return
        }
        switch type {
        case .a, .aaaa: self.init(addressOf: type, &fields)
        case .ns, .cname, .ptr, .mx: self.init(nameOf: type, &fields)
        case .soa: self.init(authority: &fields)
        case .srv: self.init(service: &fields)
        case .txt: self.init(text: &fields)
        case .hinfo:
            guard let cpu = fields.characterString(), let os = fields.characterString() else { return nil }
            self = .hinfo(cpu: cpu, os: os)
        default: return nil
        }
    }

    /// After `\#`: count of bytes, and hexadecimal digits in any number of pieces.
    private init?(type: RecordType, recordClass: RecordClass, generic fields: inout ZoneFields) {
        guard let count: UInt16 = fields.number() else { return nil }
        var digits = ""
        while let piece = fields.word() { digits += piece }
        guard let bytes = Hexadecimal.bytes(digits), bytes.count == Int(count),
            let data = try? RecordData(type: type, recordClass: recordClass, decoding: bytes)
        else { return nil }
        self = data
    }

    private init?(addressOf type: RecordType, _ fields: inout ZoneFields) {
        guard let address = fields.word().flatMap({ IPAddress($0) }) else { return nil }
        self = .address(address)
        guard self.type == type else { return nil }
    }

    private init?(nameOf type: RecordType, _ fields: inout ZoneFields) {
        let preference: UInt16? = type == .mx ? fields.number() : 0
        guard let preference, let name = fields.name() else { return nil }
        switch type {
        case .ns: self = .ns(name)
        case .cname: self = .cname(name)
        case .ptr: self = .ptr(name)
        default:
            let upper = UInt8(truncatingIfNeeded: preference >> 8)
            self = .opaque(type, [upper, UInt8(truncatingIfNeeded: preference)] + name.wire)
        }
    }

    private init?(authority fields: inout ZoneFields) {
        guard let server = fields.name(), let mailbox = fields.name(), let serial: UInt32 = fields.number(),
            let refresh: UInt32 = fields.number(), let retry: UInt32 = fields.number(),
            let expire: UInt32 = fields.number(), let minimum: UInt32 = fields.number()
        else { return nil }
        self = .soa(
            StartOfAuthority(
                primaryServer: server, mailbox: mailbox, serial: serial, refresh: refresh, retry: retry,
                expire: expire, minimum: minimum))
    }

    private init?(service fields: inout ZoneFields) {
        guard let priority: UInt16 = fields.number(), let weight: UInt16 = fields.number(),
            let port: UInt16 = fields.number(), let target = fields.name()
        else { return nil }
        self = .srv(ServiceLocation(priority: priority, weight: weight, port: port, target: target))
    }

    private init?(text fields: inout ZoneFields) {
        var strings: [[UInt8]] = []
        while !fields.isAtEnd {
            guard let string = fields.characterString() else { return nil }
            strings.append(string)
        }
        guard !strings.isEmpty else { return nil }
        self = .txt(strings)
    }
}
