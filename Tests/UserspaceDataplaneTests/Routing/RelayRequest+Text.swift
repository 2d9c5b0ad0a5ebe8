import LinuxSystem
import NetworkTypes
import Relay

extension RelayRequest {
    /// With addresses in a test's own text, `10.0.0.1:80` or `[fd00::1]:80`.
    init(_ transport: TransportProtocol, from client: String, to destination: String, origin: RelayListener.Origin? = nil) {
        guard let client = SocketAddress(client), let destination = SocketAddress(destination) else {
            preconditionFailure("no address: \(client) or \(destination)")
        }
        self.init(transport, from: client, to: destination, origin: origin)
    }
}
