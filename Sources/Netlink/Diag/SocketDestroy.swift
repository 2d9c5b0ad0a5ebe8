import CNetfilter
import Glibc
import NetworkTypes

/// Closes TCP connections of processes in the network namespace of the thread that opened it, from the
/// outside (sock_diag(7), SOCK_DESTROY; CONFIG_INET_DIAG_DESTROY): the peer gets an RST, the process
/// sees ECONNABORTED.
package struct SocketDestroy: ~Copyable, Sendable {
    let socket: NetlinkSocket
    /// linux/inet_diag.h `struct inet_diag_sockid`, in bytes: ports, addresses, interface, then the cookie.
    static let identityBytes = 48
    static let cookieOffset = 40
    /// net/tcp_states.h TCP_LISTEN.
    private static let listening: UInt8 = 10

    package init() throws(NetlinkError) { socket = try NetlinkSocket(.socketDiagnosis) }

    /// Closes the connection from `tuple.source`, the local end, to `tuple.destination`.
    ///
    /// - Returns: false when there is no such connection here.
    /// - Throws: `.unsupported` when the kernel cannot close sockets of others.
    package func destroyConnection(_ tuple: ConntrackTuple) throws(NetlinkError) -> Bool {
        let doing = "close connection"
        let identity = SocketDestroy.identity(tuple)
        let family = tuple.source.family
        // The kernel's lookup falls back to a listener of that port: the cookie makes sure that nothing
        // but the connection is closed.
        guard let found = try exchange(SOCK_DIAG_BY_FAMILY, family, identity, doing: doing), let state = found.state,
            state != SocketDestroy.listening
        else { return false }
        let exact = identity.prefix(SocketDestroy.cookieOffset) + found.cookie
        return try exchange(SOCK_DESTROY, family, Array(exact), doing: doing) != nil
    }

    /// Ports and addresses in network order, any interface, no cookie.
    private static func identity(_ tuple: ConntrackTuple) -> [UInt8] {
        func padded(_ address: IPAddress) -> [UInt8] {
            let bytes = address.networkBytes
            return bytes + [UInt8](repeating: 0, count: 16 - bytes.count)
        }
        func port(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] }
        return port(tuple.sourcePort) + port(tuple.destinationPort) + padded(tuple.source)
            + padded(tuple.destination) + [0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8)
    }

    private struct Found {
        /// Nil when the kernel only said yes.
        var state: UInt8?
        var cookie: [UInt8] = []
    }

    /// Sends a `struct inet_diag_req_v2`; nil when no socket is found.
    private func exchange(
        _ type: Int32, _ family: IPFamily, _ identity: [UInt8], doing: String
    ) throws(NetlinkError) -> Found? {
        let native = UInt8(family == .ipv4 ? AF_INET : AF_INET6)
        var writer = NetlinkWriter(capacity: 128)
        let start = writer.beginMessage(type: UInt16(type), flags: UInt16(NLM_F_REQUEST | NLM_F_ACK), sequence: 1)
        // Family, protocol, no extensions, padding; every state.
        writer.append([native, TransportProtocol.tcp.rawValue, 0, 0] + [UInt8](repeating: 0xFF, count: 4) + identity)
        writer.endMessage(at: start)
        socket.drain()
        try socket.send(writer.storage, count: writer.count, doing: doing)
        var buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
        var found: Found?
        while let count = try socket.receive(into: &buffer, wait: false, doing: doing) {
            var failure: Int32?
            buffer.forEachMessage(count: count) { header, payload in
                if Int32(header.type) == NLMSG_ERROR, let answer = NetlinkAcknowledgement(header, payload) {
                    failure = answer.errno
                } else if Int32(header.type) == SOCK_DIAG_BY_FAMILY {
                    // struct inet_diag_msg: family, state, timer, retrans, then the identity.
                    guard let state = payload.integer(at: 1, as: UInt8.self),
                        payload.byteCount >= 4 + SocketDestroy.identityBytes
                    else { return }
                    let cookie = payload.extracting(
                        4 + SocketDestroy.cookieOffset..<4 + SocketDestroy.identityBytes)
                    found = Found(state: state, cookie: cookie.array)
                }
            }
            switch failure {
            case nil: continue
            case 0?: found = found ?? Found()
            // Gone, or closed meanwhile (sock_diag_destroy: ESTALE for another socket's cookie).
            case ENOENT?, ESTALE?, EINVAL?: return nil
            case let errno?: throw NetlinkError(errno: errno, doing: doing)
            }
        }
        return found
    }
}
