package import LinuxSystem

/// Asks a server one question after another through one UDP socket and one TCP connection, for tables of many rows.
package final class ConnectedDriver: DNSDriver {
    private let server: SocketAddress
    package let forwards: Bool
    private var datagrams: DatagramExchange?
    private var stream: StreamExchange?

    package init(_ server: SocketAddress, forwards: Bool = true) {
        self.server = server
        self.forwards = forwards
    }

    package func ask(_ bytes: [UInt8], over transport: DNSTransport) throws -> [UInt8]? {
        switch transport {
        case .udp:
            let exchange = try datagrams ?? DatagramExchange(server)
            // After a silence an answer could still come, and would be taken for that of the next question.
            datagrams = nil
            try exchange.send(bytes)
            guard let answer = try exchange.receive(within: SocketDriver.patience) else { return nil }
            datagrams = exchange
            return answer
        case .tcp:
            if let stream, let answer = try? exchange(bytes, stream) { return answer }
            // A server may end a connection after any answer (RFC 7766 section 6.2.3).
            let fresh = try StreamExchange(server)
            stream = nil
            guard let answer = try exchange(bytes, fresh) else { return nil }
            stream = fresh
            return answer
        }
    }

    private func exchange(_ bytes: [UInt8], _ connection: StreamExchange) throws -> [UInt8]? {
        try connection.send(frame: bytes)
        return try connection.receiveFrame(within: SocketDriver.patience)
    }
}
