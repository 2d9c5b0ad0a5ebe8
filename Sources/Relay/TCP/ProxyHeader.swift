internal import LinuxSystem
internal import NetworkTypes

/// The header of the PROXY protocol (haproxy.org, "The PROXY protocol", sections 2.1 and 2.2): the first bytes that a
/// backend gets, which tell it who the client is.
enum ProxyHeader {
    /// What every header of version 2 begins with.
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// - Parameter destination: where the client went: the frontend.
    ///
    /// Addresses of two families, which the protocol has no form for, are left out: the backend takes the relay's own
    /// then, as the specification says.
    static func bytes(_ version: ProxyProtocol, from client: SocketAddress, to destination: SocketAddress) -> [UInt8] {
        switch version {
        case .v1: Array(text(client, destination).utf8)
        case .v2: binary(client, destination)
        }
    }

    private static func text(_ client: SocketAddress, _ destination: SocketAddress) -> String {
        guard client.family == destination.family else { return "PROXY UNKNOWN\r\n" }
        let family = client.family == .ipv4 ? "TCP4" : "TCP6"
        return "PROXY \(family) \(client.address) \(destination.address) \(client.port) \(destination.port)\r\n"
    }

    private static func binary(_ client: SocketAddress, _ destination: SocketAddress) -> [UInt8] {
        // Version 2, command PROXY.
        let start = signature + [0x21]
        guard client.family == destination.family else { return start + [0x00, 0, 0] }
        let addresses = client.address.networkBytes + destination.address.networkBytes
        // AF_INET or AF_INET6, SOCK_STREAM.
        return start + [client.family == .ipv4 ? 0x11 : 0x21] + bigEndian(UInt16(addresses.count + 4)) + addresses
            + bigEndian(client.port) + bigEndian(destination.port)
    }

    private static func bigEndian(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }
}
