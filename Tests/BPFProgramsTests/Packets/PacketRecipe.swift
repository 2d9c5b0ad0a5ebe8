import NetworkTypes

/// A packet to be made: everything has a plain default, a test names what matters to it.
struct PacketRecipe {
    enum Checksum {
        case full
        /// UDP over IPv4 may go without (RFC 768).
        case absent
        /// The sum of the pseudo-header only, as a sender leaves it to its device.
        case unfinished
        case wrong
    }

    /// One piece of a packet: `offset` in bytes, a multiple of 8.
    struct Fragment {
        var offset: Int
        var length: Int
        var isLast: Bool
    }

    var flow: Flow
    var payload: [UInt8] = Array("fairway carries this".utf8)
    var tcpFlags: UInt8 = 0x02
    var hops: UInt8 = 64
    var checksum = Checksum.full
    var identification: UInt32 = 0x1234
    var fragment: Fragment?
    /// Tags that are still in the frame, outermost first.
    var tags: [UInt16] = []
    /// IPv4 options, a multiple of 4 bytes.
    var options: [UInt8] = []
    /// IPv6 extension headers: number and bytes, of which the first is filled in.
    var extensions: [(number: UInt8, bytes: [UInt8])] = []

    init(_ flow: Flow) { self.flow = flow }

    /// The loopback's, which a test run takes a frame to have come in by: to another one's it would be a stranger's.
    static let destinationMAC: [UInt8] = [0, 0, 0, 0, 0, 0]
    static let sourceMAC: [UInt8] = [2, 0, 0, 0, 0, 2]

    /// The frame, from the Ethernet header on.
    func frame() -> [UInt8] { ethernet() + packet() }

    /// The packet, from the IP header on.
    func packet() -> [UInt8] {
        var body = transportBytes()
        if let fragment { body = Array(body[fragment.offset..<fragment.offset + fragment.length]) }
        return flow.family == .ipv4 ? ipv4(body) : ipv6(body)
    }

    private func ethernet() -> [UInt8] {
        let type: UInt16 = flow.family == .ipv4 ? 0x0800 : 0x86dd
        return Self.destinationMAC + Self.sourceMAC
            + tags.flatMap { [0x81, 0x00] + $0.networkBytes } + type.networkBytes
    }

    private func ipv4(_ body: [UInt8]) -> [UInt8] {
        var place = UInt16(0)
        if let fragment { place = UInt16(fragment.offset / 8) | (fragment.isLast ? 0 : 0x2000) }
        var header: [UInt8] = [UInt8(0x45 + options.count / 4), 0]
        header += UInt16(20 + options.count + body.count).networkBytes
        header += UInt16(truncatingIfNeeded: identification).networkBytes + place.networkBytes
        header += [hops, flow.transport, 0, 0]
        header += flow.source.address.networkBytes + flow.destination.address.networkBytes + options
        header.replaceSubrange(10..<12, with: (~InternetChecksum.sum(header)).networkBytes)
        return header + body
    }

    private func ipv6(_ body: [UInt8]) -> [UInt8] {
        var chain = extensions
        if let fragment {
            let place = UInt16(fragment.offset) | (fragment.isLast ? 0 : 1)
            chain.append((44, [0, 0] + place.networkBytes + identification.networkBytes))
        }
        let numbers = chain.map(\.number) + [flow.transport]
        let between = chain.indices.flatMap { [numbers[$0 + 1]] + chain[$0].bytes.dropFirst() }
        var header: [UInt8] = [0x60, 0, 0, 0] + UInt16(between.count + body.count).networkBytes
        header += [numbers[0], hops]
        header += flow.source.address.networkBytes + flow.destination.address.networkBytes
        return header + between + body
    }
}

extension PacketRecipe {
    /// The transport header and the payload, whole.
    private func transportBytes() -> [UInt8] {
        var bytes = transportHeader() + payload
        let field: Int
        switch flow.transport {
        case Transport.tcp: field = 16
        case Transport.udp: field = 6
        default: return bytes
        }
        let pseudo = InternetChecksum.pseudoHeader(flow, length: bytes.count)
        let full = ~InternetChecksum.add(pseudo, InternetChecksum.sum(bytes))
        let value: UInt16 =
            switch checksum {
            case .full: flow.transport == Transport.udp && full == 0 ? 0xffff : full
            case .absent: 0
            case .unfinished: pseudo
            case .wrong: full &+ 0x0101
            }
        bytes.replaceSubrange(field..<field + 2, with: value.networkBytes)
        return bytes
    }

    private func transportHeader() -> [UInt8] {
        let ports = flow.source.port.networkBytes + flow.destination.port.networkBytes
        switch flow.transport {
        case Transport.tcp:
            return ports + UInt32(0x01020304).networkBytes + UInt32(0).networkBytes + [0x50, tcpFlags, 0xff, 0xff, 0, 0, 0, 0]
        case Transport.udp: return ports + UInt16(8 + payload.count).networkBytes + [0, 0]
        case Transport.sctp: return ports + [0, 0, 0, 1, 0, 0, 0, 0]
        default: return []
        }
    }
}
