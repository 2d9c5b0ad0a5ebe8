import LinuxSystem

/// How an echo server behaves.
struct EchoSettings {
    let name: String
    let delay: Duration
    /// Requests after which a connection is closed.
    let closeAfter: Int?
    /// Bytes of a UDP answer, at least.
    let udpSize: Int?
    let drain: Duration
    let maximumConnections: Int

    /// What a connection may have waiting to be sent, in bytes: then it reads no more until the peer does.
    static let sendBufferLimit = 128 << 10
    /// A request's line and headers, in bytes: as long as common servers take.
    static let headerLimit = 16 << 10
    /// UDP answers held back by --delay; more are dropped, as a full socket buffer would.
    static let delayedDatagramLimit = 4096

    /// `NAME local=ADDR:PORT client=ADDR:PORT`, what every protocol's answer starts with.
    func greeting(local: SocketAddress, client: SocketAddress) -> String {
        "\(name) local=\(local) client=\(client)"
    }
}
