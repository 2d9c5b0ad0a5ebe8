import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

extension HTTPListener {
    /// A listener on TCP.
    init(
        address: ListenAddress, waitsForAddress: Bool = false, connections: Int = Limits.connections,
        sharing: SharedConnections? = nil, logger: Logger,
        onBound: @escaping @Sendable (BoundAddress) async -> Void,
        answer: @escaping @Sendable (_ path: String, _ query: String?) async -> HTTPReply
    ) {
        self.init(
            flag: address.flag, value: address.text,
            addresses: address.hosts.map { .hostname($0, port: Int(address.port)) },
            logger: logger, answer: answer,
            onBound: { channel in
                guard let local = channel.localAddress, let host = local.ipAddress, let port = local.port else {
                    return
                }
                await onBound(BoundAddress(host: host, port: port))
            },
            waitsForAddress: waitsForAddress, connections: connections, sharing: sharing)
    }

    /// A listener on a unix domain socket; `value` is the path as the flag gave it.
    init(
        socket path: String, flag: String, value: String, logger: Logger,
        onBound: @escaping @Sendable (any Channel) async -> Void,
        answer: @escaping @Sendable (_ path: String, _ query: String?) async -> HTTPReply
    ) {
        self.init(
            flag: flag, value: value, addresses: [.unixDomainSocket(path: path)], logger: logger, answer: answer,
            onBound: onBound)
    }
}
