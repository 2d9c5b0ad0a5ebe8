internal import DNSWire
internal import NetworkNamespaceTesting
package import LinuxSystem

/// Asks a server through real sockets, a new one for each message.
package struct SocketDriver: DNSDriver, Sendable {
    package let server: SocketAddress
    package let forwards: Bool
    /// Longer than a forwarder may take (4 s).
    static let patience = Duration.seconds(8)
    /// Its answer says that what was sent before it was passed over.
    private static let probe = DNSQuery(.clusterLocal, .soa).with { $0.id = 0xF00D }

    package init(_ server: SocketAddress, forwards: Bool = true) {
        self.server = server
        self.forwards = forwards
    }

    package func ask(_ bytes: [UInt8], over transport: DNSTransport) throws -> [UInt8]? {
        switch transport {
        case .udp:
            let socket = try DatagramExchange(server)
            try socket.send(bytes)
            return try socket.receive(within: Self.patience)
        case .tcp:
            let connection = try StreamExchange(server)
            try connection.send(frame: bytes)
            return try connection.receiveFrame(within: Self.patience)
        }
    }

    /// A question that has an answer is sent behind the message by the same socket, so that nothing is waited for.
    package func ignores(_ bytes: [UInt8], over transport: DNSTransport) throws -> Bool {
        let answer: [UInt8]?
        switch transport {
        case .udp:
            let socket = try DatagramExchange(server)
            try socket.send(bytes)
            try socket.send(Self.probe.bytes)
            answer = try socket.receive(within: Self.patience)
            guard answer != nil else { throw TestSupportError("no answer to the question behind the message") }
        case .tcp:
            let connection = try StreamExchange(server)
            try connection.send(frame: bytes)
            try connection.send(frame: Self.probe.bytes)
            // A server may end the connection for what was wrong.
            answer = try connection.receiveFrame(within: Self.patience)
        }
        return answer.map { $0.prefix(2) == [0xF0, 0x0D] } ?? true
    }
}
