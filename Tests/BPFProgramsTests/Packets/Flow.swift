import NetworkTypes

extension IPAddress {
    /// - Precondition: the text is an address.
    static func literal(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
        return address
    }
}

/// One end of a flow.
struct Endpoint: Hashable, CustomStringConvertible {
    var address: IPAddress
    var port: UInt16

    init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }

    init(_ text: String, _ port: UInt16) { self.init(.literal(text), port) }

    var description: String { address.description(withPort: port) }
}

/// Transport protocols by their number (IANA).
enum Transport {
    static let icmp: UInt8 = 1
    static let tcp: UInt8 = 6
    static let udp: UInt8 = 17
    static let icmpv6: UInt8 = 58
    static let sctp: UInt8 = 132
}

/// Addresses and ports as a packet carries them.
struct Flow: Hashable, CustomStringConvertible {
    var source: Endpoint
    var destination: Endpoint
    var transport: UInt8

    init(_ source: Endpoint, to destination: Endpoint, _ transport: UInt8) {
        self.source = source
        self.destination = destination
        self.transport = transport
    }

    var reversed: Flow { Flow(destination, to: source, transport) }
    var family: IPFamily { source.address.family }
    var description: String { "\(source) -> \(destination) protocol \(transport)" }
}
