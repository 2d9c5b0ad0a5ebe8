internal import AsyncHTTPClient
internal import FoundationEssentials
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NetworkTypes

extension HTTPClient.Configuration {
    /// - Parameter silenceLimit: between two reads of an answer.
    init(_ connection: ClusterConnection, _ options: APIClientOptions, silenceLimit: Duration) {
        self.init(
            redirectConfiguration: .disallow,
            timeout: Timeout(connect: TimeAmount(options.connectTimeout), read: TimeAmount(silenceLimit)),
            connectionPool: ConnectionPool(
                idleTimeout: .seconds(60), concurrentHTTP1ConnectionsPerHostSoftLimit: APIClient.connectionLimit),
            proxy: connection.proxy.map(Proxy.init))
        // Whoever asks knows better when to try again, and wants to hear why it failed.
        self.connectionPool.retryConnectionEstablishment = false
        if !connection.tls.serverName.isEmpty, connection.tls.serverName != connection.server.host {
            dnsOverride = [connection.tls.serverName: connection.server.host]
        }
        let name = connection.certificateName
        http1_1ConnectionDebugInitializer = { opened($0, name) }
        http2ConnectionDebugInitializer = { opened($0, name) }
    }
}

/// What is done with a new connection before a request goes over it.
private func opened(_ channel: any Channel, _ name: String?) -> EventLoopFuture<Void> {
    guard let name else { return keepAlive(channel) }
    return channel.checkCertificate(is: name).flatMap { keepAlive(channel) }
}

/// A peer that vanished is noticed in 60 s though nobody sends anything: asked after 30 s of silence, three times.
private func keepAlive(_ channel: any Channel) -> EventLoopFuture<Void> {
    let settings: [(level: CInt, name: CInt, value: SocketOptionValue)] = [
        (SOL_SOCKET, SO_KEEPALIVE, 1),
        (CInt(IPPROTO_TCP), TCP_KEEPIDLE, 30), (CInt(IPPROTO_TCP), TCP_KEEPINTVL, 10), (CInt(IPPROTO_TCP), TCP_KEEPCNT, 3),
        // Milliseconds that sent bytes may go unacknowledged.
        (CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, 60_000),
    ]
    let futures = settings.map { setting in
        channel.setOption(
            ChannelOptions.Types.SocketOption(
                level: NIOBSDSocket.OptionLevel(rawValue: setting.level), name: NIOBSDSocket.Option(rawValue: setting.name)),
            value: setting.value)
    }
    return EventLoopFuture.andAllSucceed(futures, on: channel.eventLoop)
}

extension HTTPClient.Configuration.Proxy {
    fileprivate init(_ address: ServerAddress) {
        guard address.scheme == "http" else {
            self = .socksServer(host: address.host, port: address.port)
            return
        }
        guard !address.userInformation.isEmpty else {
            self = .server(host: address.host, port: address.port)
            return
        }
        let parts = address.userInformation.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            .map { PercentEncoding.decoded($0) }
        self = .server(
            host: address.host, port: address.port,
            authorization: .basic(username: parts[0], password: parts.count > 1 ? parts[1] : ""))
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}

extension HTTPHeaders {
    mutating func add(_ impersonation: Impersonation) {
        guard !impersonation.user.isEmpty else { return }
        add(name: "Impersonate-User", value: impersonation.user)
        if !impersonation.uid.isEmpty { add(name: "Impersonate-Uid", value: impersonation.uid) }
        for group in impersonation.groups { add(name: "Impersonate-Group", value: group) }
        for (key, values) in impersonation.extra.sorted(by: { $0.key < $1.key }) {
            for value in values { add(name: "Impersonate-Extra-\(PercentEncoding.encoded(key))", value: value) }
        }
    }
}
