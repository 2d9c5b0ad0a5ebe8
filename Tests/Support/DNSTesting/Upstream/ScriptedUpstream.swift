internal import DNSWire
public import NIOCore
public import NIOPosix
internal import NIOSSL
internal import Synchronization

/// A DNS server on loopback that answers as a script says, over UDP and TCP at the same port, or over TLS.
public final class ScriptedUpstream: Sendable {
    public typealias Script = @Sendable (UpstreamQuery) -> [UpstreamReply]

    /// Of 127.0.0.1.
    public let port: UInt16

    private let log: UpstreamLog
    private let channels: [any Channel]

    /// - Parameter tls: answers over TLS only, as `TestCertificate.serverName`.
    public static func start(
        tls: Bool = false, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        script: @escaping Script
    ) async throws -> ScriptedUpstream {
        let log = UpstreamLog(script: script)
        if tls {
            let server = try await streamServer(port: 0, context: TestCertificate.serverContext(), log: log, group: group)
            return ScriptedUpstream(port: server.localAddress?.port ?? 0, log: log, channels: [server])
        }
        // The port that UDP got may be taken for TCP.
        for attempt in 0... {
            let elsewhere = try await datagramServer(port: 0, log: log, group: group, elsewhere: nil)
            let udp = try await datagramServer(port: 0, log: log, group: group, elsewhere: elsewhere)
            let port = udp.localAddress?.port ?? 0
            do {
                let tcp = try await streamServer(port: port, context: nil, log: log, group: group)
                return ScriptedUpstream(port: port, log: log, channels: [udp, tcp, elsewhere])
            } catch {
                try await udp.close()
                try await elsewhere.close()
                if attempt == 20 { throw error }
            }
        }
        throw ChannelError.unknownLocalAddress
    }

    private init(port: Int, log: UpstreamLog, channels: [any Channel]) {
        self.port = UInt16(truncatingIfNeeded: port)
        self.log = log
        self.channels = channels
    }

    /// What came so far, in order.
    public var queries: [UpstreamQuery] { log.queries }

    /// Runs `body` with a server that is gone afterwards, also when `body` throws.
    public static func with<Result>(
        tls: Bool = false, script: @escaping Script, _ body: (ScriptedUpstream) async throws -> Result
    ) async throws -> Result {
        let upstream = try await start(tls: tls, script: script)
        do {
            let result = try await body(upstream)
            await upstream.stop()
            return result
        } catch {
            await upstream.stop()
            throw error
        }
    }

    /// Closes its sockets; connections that are open end with their clients.
    public func stop() async {
        for channel in channels { try? await channel.close() }
        log.closeConnections()
    }

    private static func datagramServer(
        port: Int, log: UpstreamLog, group: any EventLoopGroup, elsewhere: (any Channel)?
    ) async throws -> any Channel {
        try await DatagramBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        UpstreamDatagramHandler(log: log, elsewhere: elsewhere))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    private static func streamServer(
        port: Int, context: NIOSSLContext?, log: UpstreamLog, group: any EventLoopGroup
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.addHandler(ByteToMessageHandler(UpstreamFraming()))
                    try pipeline.addHandler(UpstreamStreamHandler(log: log, transport: context == nil ? .tcp : .tls))
                    log.opened(channel)
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }
}
