internal import NetworkTypes

extension MessageDecoder {
    /// The RDATA from `position` to `end`, all of it.
    mutating func recordData(
        _ type: RecordType, _ recordClass: RecordClass, _ bytes: Span<UInt8>
    ) throws(DecodingFault) -> RecordData {
        // Classes of an update, where a record without RDATA stands for a whole set (RFC 2136 section 2.4).
        if position == end, recordClass == .any || recordClass == .none { return .opaque(type, []) }
        let data = try recordFields(type, recordClass, bytes)
        guard position == end else { throw DecodingFault(.recordData, at: position) }
        return data
    }

    private mutating func recordFields(
        _ type: RecordType, _ recordClass: RecordClass, _ bytes: Span<UInt8>
    ) throws(DecodingFault) -> RecordData {
        switch type {
        // Addresses of another class have another form (RFC 1035 section 3.4).
        case .a where recordClass == .internet: .address(IPAddress(v4: try uint32(bytes)))
        case .aaaa where recordClass == .internet: .address(try ipv6(bytes))
        case .ns: .ns(try name(bytes))
        case .cname: .cname(try name(bytes))
        case .ptr: .ptr(try name(bytes))
        case .soa: .soa(try startOfAuthority(bytes))
        case .srv: .srv(try serviceLocation(bytes))
        case .txt: .txt(try characterStrings(bytes))
        case .hinfo: .hinfo(cpu: try characterString(bytes), os: try characterString(bytes))
        default: .opaque(type, try opaque(type, bytes))
        }
    }

    private mutating func ipv6(_ bytes: Span<UInt8>) throws(DecodingFault) -> IPAddress {
        var bits: UInt128 = 0
        for _ in 0..<4 { bits = bits << 32 | UInt128(try uint32(bytes)) }
        return IPAddress(bits: bits, family: .ipv6)
    }

    private mutating func startOfAuthority(_ bytes: Span<UInt8>) throws(DecodingFault) -> StartOfAuthority {
        StartOfAuthority(
            primaryServer: try name(bytes), mailbox: try name(bytes), serial: try uint32(bytes),
            refresh: try uint32(bytes), retry: try uint32(bytes), expire: try uint32(bytes),
            minimum: try uint32(bytes))
    }

    private mutating func serviceLocation(_ bytes: Span<UInt8>) throws(DecodingFault) -> ServiceLocation {
        ServiceLocation(
            priority: try uint16(bytes), weight: try uint16(bytes), port: try uint16(bytes), target: try name(bytes))
    }

    private mutating func characterStrings(_ bytes: Span<UInt8>) throws(DecodingFault) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        repeat { strings.append(try characterString(bytes)) } while position < end
        return strings
    }

    /// RDATA as it travels, its names written in full where the type is one whose names may be compressed.
    private mutating func opaque(_ type: RecordType, _ bytes: Span<UInt8>) throws(DecodingFault) -> [UInt8] {
        guard let layout = RecordLayout(type) else { return try self.bytes(end &- position, bytes) }
        let start = position
        var data: [UInt8] = []
        for field in layout.fields {
            switch field {
            case .name: data += try name(bytes).wire
            case .fixed(let count): data += try self.bytes(count, bytes)
            case .rest: data += try self.bytes(end &- position, bytes)
            case .characterString:
                let string = try characterString(bytes)
                data.append(UInt8(truncatingIfNeeded: string.count))
                data += string
            }
        }
        guard data.count <= RecordData.byteLimit else { throw DecodingFault(.recordDataTooLong, at: start) }
        return data
    }
}
