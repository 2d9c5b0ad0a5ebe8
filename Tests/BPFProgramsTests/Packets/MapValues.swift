import CBPFMaps
import NetworkTypes

extension fw_address {
    /// 16 bytes in network order, IPv4 as ::ffff:a.b.c.d.
    init(_ address: IPAddress) {
        self.init()
        let bits = address.family == .ipv4 ? 0xffff_0000_0000 | address.bits : address.bits
        let words = (0..<4).map { UInt32(truncatingIfNeeded: bits >> UInt128(96 - 32 * $0)).bigEndian }
        self.words = (words[0], words[1], words[2], words[3])
    }

    var values: [UInt32] { [words.0, words.1, words.2, words.3] }
}

extension fw_tuple {
    init(_ flow: Flow) {
        self.init()
        source = fw_address(flow.source.address)
        destination = fw_address(flow.destination.address)
        source_port = flow.source.port.bigEndian
        destination_port = flow.destination.port.bigEndian
        `protocol` = flow.transport
    }

    /// For comparison: C structs have none of their own.
    var values: [UInt32] {
        source.values + destination.values + [UInt32(source_port), UInt32(destination_port), UInt32(`protocol`)]
    }

    var reversed: fw_tuple {
        var other = self
        (other.source, other.destination) = (destination, source)
        (other.source_port, other.destination_port) = (destination_port, source_port)
        return other
    }
}

extension fw_frontend_key {
    init(_ endpoint: Endpoint, _ transport: UInt8) {
        self.init()
        address = fw_address(endpoint.address)
        port = endpoint.port.bigEndian
        `protocol` = transport
    }
}
