internal import NetworkTypes

extension RecordData: CustomStringConvertible {
    /// RDATA as zone files have it; what has no text form of its own as `\# n hex` (RFC 3597 section 5).
    public var description: String {
        switch self {
        case .address(let address): address.description
        case .ns(let name), .cname(let name), .ptr(let name): name.description
        case .soa(let soa): soa.description
        case .srv(let location): location.description
        case .txt(let strings): strings.map(CharacterString.quoted).joined(separator: " ")
        case .hinfo(let cpu, let os): "\(CharacterString.quoted(cpu)) \(CharacterString.quoted(os))"
        case .opaque(.mx, let data): Self.mailExchange(data) ?? Self.generic(data)
        case .opaque(_, let data): Self.generic(data)
        }
    }

    private static func mailExchange(_ data: [UInt8]) -> String? {
        guard data.count > 2, let name = DomainName(wire: Array(data[2...])) else { return nil }
        return "\(UInt16(data[0]) << 8 | UInt16(data[1])) \(name)"
    }

    private static func generic(_ data: [UInt8]) -> String {
        data.isEmpty ? "\\# 0" : "\\# \(data.count) \(Hexadecimal.text(data))"
    }
}

extension StartOfAuthority: CustomStringConvertible {
    public var description: String {
        "\(primaryServer) \(mailbox) \(serial) \(refresh) \(retry) \(expire) \(minimum)"
    }
}

extension ServiceLocation: CustomStringConvertible {
    public var description: String { "\(priority) \(weight) \(port) \(target)" }
}
