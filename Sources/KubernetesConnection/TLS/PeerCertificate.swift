internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// What a server that was not trusted shows: the library says only that it was not, which helps nobody.
///
/// The handshake that asks for it always fails, and no byte of ours is sent over it.
struct PeerCertificate: Sendable, Hashable {
    /// Seconds since 1970.
    let notBefore: Int64
    let notAfter: Int64
    let names: [String]

    /// Nil where it cannot be had; behind a proxy nobody asks.
    static func ask(_ connection: ClusterConnection, _ timeout: Duration) async -> PeerCertificate? {
        guard connection.proxy == nil else { return nil }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: PeerCertificate?.self)
        let server = connection.server
        let name = connection.tls.serverName.isEmpty ? server.host : connection.tls.serverName
        do {
            let context = try NIOSSLContext(configuration: .makeClientConfiguration())
            let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(timeout)).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(
                        context: context, serverHostname: isAddress(name) ? nil : name,
                        customVerificationCallback: { certificates, verified in
                            promise.succeed(certificates.first.map(PeerCertificate.init))
                            verified.succeed(.failed)
                        })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            bootstrap.connect(host: server.host, port: server.port).whenComplete { result in
                switch result {
                case .success(let channel):
                    channel.closeFuture.whenComplete { _ in promise.succeed(nil) }
                    channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { channel.close(promise: nil) }
                case .failure: promise.succeed(nil)
                }
            }
        } catch {
            promise.succeed(nil)
        }
        return try? await promise.futureResult.get()
    }

    private init(_ certificate: NIOSSLCertificate) {
        notBefore = Int64(certificate.notValidBefore)
        notAfter = Int64(certificate.notValidAfter)
        names = certificate.names
    }
}
