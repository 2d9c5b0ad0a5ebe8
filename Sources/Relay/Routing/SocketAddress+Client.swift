internal import LinuxSystem
internal import NetworkTypes

extension SocketAddress {
    /// A backend here that sees the client's address can send an answer that leaves its host: not so to an address of its
    /// own, as that of a pod that reaches itself, nor to another host's loopback.
    func canAnswer(_ client: SocketAddress) -> Bool {
        family == client.family && address != client.address && address.isLoopback == client.address.isLoopback
    }
}
