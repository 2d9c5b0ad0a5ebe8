import NetworkTypes

/// What a packet says of itself, read again from its bytes without any of the code under test.
struct PacketReading {
    enum Piece { case whole, first, later }

    let bytes: [UInt8]
    /// Offsets into `bytes`.
    let network: Int
    private(set) var transport: Int
    /// Where the packet ends by its own account; beyond `bytes` in a quotation that was cut.
    let end: Int
    /// Ports are 0 where they were not read.
    private(set) var flow: Flow
    private(set) var piece = Piece.whole
    private(set) var identification: UInt32 = 0

    /// nil: headers are missing or contradict each other.
    init?(frame bytes: [UInt8]) {
        var offset = 12
        while offset + 2 <= bytes.count, bytes[offset] == 0x81, bytes[offset + 1] == 0 { offset += 4 }
        guard offset + 2 <= bytes.count else { return nil }
        let type = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
        guard type == 0x0800 || type == 0x86dd else { return nil }
        self.init(bytes, at: offset + 2, type == 0x0800 ? .ipv4 : .ipv6, isQuoted: false)
    }

    /// A packet at an offset, cut anywhere behind its ports when it is a quotation.
    init?(_ bytes: [UInt8], at network: Int, _ family: IPFamily, isQuoted: Bool) {
        let header = family == .ipv4 ? 20 : 40
        guard bytes.count >= network + header, bytes[network] >> 4 == (family == .ipv4 ? 4 : 6) else { return nil }
        self.bytes = bytes
        self.network = network
        let addresses = family == .ipv4 ? network + 12 : network + 8
        let size = family.addressByteCount
        guard let source = IPAddress(networkBytes: bytes[addresses..<addresses + size]),
            let destination = IPAddress(networkBytes: bytes[addresses + size..<addresses + 2 * size])
        else { return nil }
        flow = Flow(Endpoint(source, 0), to: Endpoint(destination, 0), 0)
        transport = network + header
        let length = Int(bytes[network + (family == .ipv4 ? 2 : 4)]) << 8 | Int(bytes[network + (family == .ipv4 ? 3 : 5)])
        end = family == .ipv4 ? network + length : network + 40 + length
        guard isQuoted || end <= bytes.count else { return nil }
        guard family == .ipv4 ? readIPv4() : readIPv6() else { return nil }
        guard transport <= end, readPorts() else { return nil }
    }

    func word(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]) }
    func word(_ offset: Int) -> UInt32 { UInt32(word(offset) as UInt16) << 16 | UInt32(word(offset + 2) as UInt16) }

    private mutating func readIPv4() -> Bool {
        let size = Int(bytes[network] & 15) * 4
        guard size >= 20, network + size <= bytes.count else { return false }
        transport = network + size
        flow.transport = bytes[network + 9]
        identification = UInt32(word(network + 4) as UInt16)
        let place: UInt16 = word(network + 6)
        piece = place & 0x1fff != 0 ? .later : place & 0x2000 != 0 ? .first : .whole
        return true
    }

    private mutating func readIPv6() -> Bool {
        var next = bytes[network + 6]
        while [0, 43, 44, 60].contains(next) {
            guard transport + 8 <= bytes.count else { return false }
            let header = transport
            transport += next == 44 ? 8 : (Int(bytes[header + 1]) + 1) * 8
            if next == 44 {
                let place: UInt16 = word(header + 2)
                identification = word(header + 4)
                piece = place & 0xfff8 != 0 ? .later : place & 1 != 0 ? .first : .whole
            }
            next = bytes[header]
            if piece == .later { break }
        }
        flow.transport = next
        return true
    }

    private mutating func readPorts() -> Bool {
        guard piece != .later, [Transport.tcp, Transport.udp, Transport.sctp].contains(flow.transport) else { return true }
        guard transport + 8 <= min(end, bytes.count) else { return false }
        flow.source.port = word(transport)
        flow.destination.port = word(transport + 2)
        return true
    }
}
