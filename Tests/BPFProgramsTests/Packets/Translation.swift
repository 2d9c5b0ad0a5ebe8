import NetworkTypes

/// What a translator has to make of packets, written for reading: addresses and ports are put in, then every checksum
/// is computed anew over all it covers. The programs, which compute by differences, have to come to the same bytes.
struct Translation {
    /// Packets of this flow become packets of that one.
    var from: Flow
    var to: Flow

    init(_ from: Flow, becomes to: Flow) {
        self.from = from
        self.to = to
    }

    /// A packet of the flow, translated; of a later fragment the addresses only.
    func packet(_ frame: [UInt8]) -> [UInt8]? {
        guard let reading = PacketReading(frame: frame) else { return nil }
        var bytes = frame
        Self.write(to, to: &bytes, of: reading)
        Self.settleIPv4(&bytes, reading)
        guard reading.piece != .later, let field = reading.checksumField else { return bytes }
        if reading.piece == .whole {
            Self.settleTransport(&bytes, reading, field)
        } else {
            Self.amendTransport(&bytes, reading, field, from: reading.flow, to: to)
        }
        return bytes
    }

    /// An error about a packet of the other direction: it goes the way of the flow and quotes the reverse of it.
    func icmpError(_ frame: [UInt8]) -> [UInt8]? {
        guard let outer = PacketReading(frame: frame), let quotation = outer.quotation,
            quotation.flow == from.reversed, outer.flow.destination.address == from.destination.address
        else { return nil }
        var bytes = frame
        Self.write(to.reversed, to: &bytes, of: quotation)
        Self.settleIPv4(&bytes, quotation)
        if let field = quotation.checksumField, field + 2 <= outer.end {
            Self.amendTransport(&bytes, quotation, field, from: quotation.flow, to: to.reversed)
        }
        var envelope = outer.flow
        envelope.destination.address = to.destination.address
        if from.source.address != to.source.address { envelope.source.address = to.source.address }
        Self.write(envelope, to: &bytes, of: outer)
        Self.settleIPv4(&bytes, outer)
        if let again = PacketReading(frame: bytes), let field = again.checksumField {
            Self.settleTransport(&bytes, again, field)
        }
        return bytes
    }
}

extension Translation {
    private static func write(_ flow: Flow, to bytes: inout [UInt8], of reading: PacketReading) {
        let size = reading.flow.family.addressByteCount
        let addresses = reading.network + (reading.flow.family == .ipv4 ? 12 : 8)
        bytes.replaceSubrange(addresses..<addresses + size, with: flow.source.address.networkBytes)
        bytes.replaceSubrange(addresses + size..<addresses + 2 * size, with: flow.destination.address.networkBytes)
        guard reading.piece != .later, [Transport.tcp, Transport.udp, Transport.sctp].contains(flow.transport) else { return }
        bytes.replaceSubrange(reading.transport..<reading.transport + 2, with: flow.source.port.networkBytes)
        bytes.replaceSubrange(reading.transport + 2..<reading.transport + 4, with: flow.destination.port.networkBytes)
    }

    private static func settleIPv4(_ bytes: inout [UInt8], _ reading: PacketReading) {
        guard reading.flow.family == .ipv4 else { return }
        let field = reading.network + 10
        bytes.replaceSubrange(field..<field + 2, with: [0, 0])
        let sum = InternetChecksum.sum(bytes[reading.network..<reading.transport])
        bytes.replaceSubrange(field..<field + 2, with: (~sum).networkBytes)
    }

    private static func settleTransport(_ bytes: inout [UInt8], _ before: PacketReading, _ field: Int) {
        let isUDP = before.flow.transport == Transport.udp
        if isUDP, before.flow.family == .ipv4, bytes[field] == 0, bytes[field + 1] == 0 { return }
        guard let reading = PacketReading(frame: bytes), field + 2 <= reading.end else { return }
        bytes.replaceSubrange(field..<field + 2, with: [0, 0])
        let pseudo =
            reading.flow.transport == Transport.icmp
            ? 0 : InternetChecksum.pseudoHeader(reading.flow, length: reading.end - reading.transport)
        let sum = InternetChecksum.add(pseudo, InternetChecksum.sum(bytes[reading.transport..<reading.end]))
        bytes.replaceSubrange(field..<field + 2, with: (isUDP && sum == 0xffff ? sum : ~sum).networkBytes)
    }

    /// The one way where not all bytes are there that a checksum covers: RFC 1624.
    private static func amendTransport(
        _ bytes: inout [UInt8], _ reading: PacketReading, _ field: Int, from: Flow, to: Flow
    ) {
        guard field + 2 <= min(reading.end, bytes.count) else { return }
        let old: UInt16 = reading.word(field)
        let isUDP = reading.flow.transport == Transport.udp
        if isUDP, old == 0 { return }
        let sum = [~old, ~covered(from), covered(to)].reduce(0, InternetChecksum.add)
        bytes.replaceSubrange(field..<field + 2, with: (isUDP && sum == 0xffff ? sum : ~sum).networkBytes)
    }

    private static func covered(_ flow: Flow) -> UInt16 {
        InternetChecksum.sum(
            flow.source.address.networkBytes + flow.destination.address.networkBytes + flow.source.port.networkBytes
                + flow.destination.port.networkBytes)
    }
}
