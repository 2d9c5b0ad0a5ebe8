internal import NetworkTypes

extension MessageWriter {
    /// Writes a record without looking at the limit, though RDATA that its length cannot announce goes over any.
    mutating func append(_ record: ResourceRecord) {
        append(record.name, compressed: true)
        append(record.type.rawValue)
        append(record.recordClass.rawValue)
        append(record.timeToLive)
        append(UInt16(0))
        let start = bytes.count
        append(record.data, compressed: true)
        put(UInt16(truncatingIfNeeded: bytes.count - start), at: start - 2)
    }

    /// Writes RDATA. Only names of RFC 1035's types are compressed: RFC 3597 section 4, RFC 2782 on SRV.
    mutating func append(_ data: RecordData, compressed: Bool) {
        switch data {
        case .address(let address): append(address)
        case .ns(let name), .cname(let name), .ptr(let name): append(name, compressed: compressed)
        case .soa(let soa): append(soa, compressed)
        case .srv(let location): append(location)
        case .txt(let strings):
            for string in strings { append(characterString: string) }
            if strings.isEmpty { append(characterString: []) }
        case .hinfo(let cpu, let os):
            append(characterString: cpu)
            append(characterString: os)
        case .opaque(let type, let data): append(type, data, compressed)
        }
    }

    private mutating func append(_ address: IPAddress) {
        let count = address.family.addressByteCount
        for index in (0..<count).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: address.bits >> UInt128(index * 8)))
        }
    }

    private mutating func append(_ soa: StartOfAuthority, _ compressed: Bool) {
        append(soa.primaryServer, compressed: compressed)
        append(soa.mailbox, compressed: compressed)
        for value in [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum] { append(value) }
    }

    private mutating func append(_ location: ServiceLocation) {
        append(location.priority)
        append(location.weight)
        append(location.port)
        append(location.target, compressed: false)
    }

    /// Names that may be compressed are, if the RDATA has the form of its type; else it is written as it is.
    private mutating func append(_ type: RecordType, _ data: [UInt8], _ compressed: Bool) {
        guard compressed, let layout = RecordLayout(type), layout.compresses, let name = layout.firstName(of: data)
        else {
            bytes += data
            return
        }
        bytes += data[..<name.offset]
        append(name.first, compressed: true)
        if let second = name.second { append(second, compressed: true) }
    }
}

extension RecordLayout {
    /// The one name, or the two, that RDATA of a compressible layout ends in; nil for RDATA of another form.
    fileprivate func firstName(of data: [UInt8]) -> (offset: Int, first: DomainName, second: DomainName?)? {
        var decoder = MessageDecoder(byteCount: data.count)
        decoder.followsPointers = false
        var offset = 0
        var names: [DomainName] = []
        for field in fields {
            switch field {
            case .fixed(let count):
                guard count <= data.count else { return nil }
                offset = count
                decoder.position = count
            case .name:
                guard let name = try? decoder.name(data.span) else { return nil }
                names.append(name)
            case .characterString, .rest: return nil
            }
        }
        guard decoder.position == data.count, let first = names.first else { return nil }
        return (offset, first, names.count > 1 ? names[1] : nil)
    }
}
