import NetworkTypes

extension PacketReading {
    /// Offset of the transport checksum; nil where there is none, or none of this kind.
    var checksumField: Int? {
        switch flow.transport {
        case Transport.tcp: transport + 16
        case Transport.udp: transport + 6
        case Transport.icmp, Transport.icmpv6: transport + 2
        default: nil
        }
    }

    /// What checksums are wrong, all of them computed anew over everything they cover; of a quotation those whose
    /// packet is quoted whole.
    var checksumFaults: [String] {
        var faults: [String] = []
        if flow.family == .ipv4, InternetChecksum.sum(bytes[network..<transport]) != 0xffff {
            faults.append("IP header at \(network)")
        }
        if let field = checksumField, piece == .whole, end <= bytes.count, !isTransportIntact(field) {
            faults.append("transport \(flow.transport) at \(transport)")
        }
        return faults + (quotation?.checksumFaults ?? [])
    }

    private func isTransportIntact(_ field: Int) -> Bool {
        guard field + 2 <= end else { return false }
        if flow.transport == Transport.udp, flow.family == .ipv4, word(field) as UInt16 == 0 { return true }
        let sum = InternetChecksum.sum(bytes[transport..<end])
        let pseudo = flow.transport == Transport.icmp ? 0 : InternetChecksum.pseudoHeader(flow, length: end - transport)
        return InternetChecksum.add(sum, pseudo) == 0xffff
    }

    /// Of an ICMP message.
    var icmpType: UInt8? {
        guard flow.transport == (flow.family == .ipv4 ? Transport.icmp : Transport.icmpv6), piece != .later,
            transport + 8 <= end, end <= bytes.count
        else { return nil }
        return bytes[transport]
    }

    var isICMPError: Bool {
        guard let icmpType else { return false }
        return flow.family == .ipv4 ? [3, 4, 5, 11, 12].contains(icmpType) : (1...4).contains(icmpType)
    }

    /// The packet that an ICMP error is about.
    var quotation: PacketReading? {
        guard isICMPError, piece == .whole else { return nil }
        return PacketReading(Array(bytes[..<end]), at: transport + 8, flow.family, isQuoted: true)
    }
}
