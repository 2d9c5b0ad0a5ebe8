internal import DNSWire
internal import NetworkTypes

/// A node's records as values.
extension ClusterZone {
    func records(of node: Node) -> [ResourceRecord] {
        guard let owner = node.name else { return [] }
        return node.sets.flatMap { set in
            values(node, set, owner).map { timeToLive, data in
                ResourceRecord(name: owner, timeToLive: timeToLive ?? domain.timeToLive, data: data)
            }
        }
    }

    private func values(
        _ node: Node, _ set: Node.RecordRange, _ owner: DomainName
    ) -> [(timeToLive: UInt32?, data: DNSWire.RecordData)] {
        switch set.type {
        case .a, .aaaa:
            let size = set.type == .a ? 4 : 16
            return (0..<set.count).compactMap { index in
                IPAddress(networkBytes: node.block.array(set.start + index * size, count: size)).map { (nil, .address($0)) }
            }
        case .txt:
            let timeToLive = UInt32(bigEndian: node.block.load(set.start, as: UInt32.self))
            return [(timeToLive, .txt(Self.strings(node.block.array(set.start + 6, count: set.byteCount - 6))))]
        default:
            return named(node, set).map { (nil, $0) }
        }
    }

    private func named(_ node: Node, _ set: Node.RecordRange) -> [DNSWire.RecordData] {
        var offset = set.start
        var result: [DNSWire.RecordData] = []
        while offset < set.end {
            let data = RecordData(node, at: offset)
            var bytes = node.block.array(data.start, count: data.byteCount)
            if let pointer = data.pointer {
                bytes += node.block.array(node.nameOffset + pointer, count: node.nameLength - pointer)
            }
            if let value = Self.value(set.type, bytes) { result.append(value) }
            offset = data.end
        }
        return result
    }

    private static func value(_ type: RecordType, _ bytes: [UInt8]) -> DNSWire.RecordData? {
        guard type == .srv else {
            guard let name = DomainName(wire: bytes) else { return nil }
            return type == .ns ? .ns(name) : .cname(name)
        }
        guard bytes.count > 6, let target = DomainName(wire: Array(bytes[6...])) else { return nil }
        let words = stride(from: 0, to: 6, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        return .srv(ServiceLocation(priority: words[0], weight: words[1], port: words[2], target: target))
    }

    private static func strings(_ bytes: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var rest = bytes[...]
        while let count = rest.popFirst() {
            result.append(Array(rest.prefix(Int(count))))
            rest = rest.dropFirst(Int(count))
        }
        return result
    }
}

extension DomainName {
    /// The name that PTR records of an address have (RFC 1035 section 3.5, RFC 3596 section 2.5).
    init(reverseOf address: IPAddress) {
        let bytes = address.networkBytes.reversed()
        let labels: [String] =
            address.family == .ipv4
            ? bytes.map { String($0) } + ["in-addr", "arpa"]
            : bytes.flatMap { [String($0 & 15, radix: 16), String($0 >> 4, radix: 16)] } + ["ip6", "arpa"]
        // Never too long: 74 bytes at most.
        self = DomainName(labels: labels.map(\.utf8)) ?? .root
    }
}
