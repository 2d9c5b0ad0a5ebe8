import CNetfilter
import Glibc
import NetworkTypes

/// The sockets of the network namespace of the thread that opened it, over sock_diag(7).
///
/// Needs no privilege. Its calls block; run them on a dedicated thread.
package struct SocketDiagnosis: ~Copyable, Sendable {
    private let socket: NetlinkSocket

    /// Lengths of `struct inet_diag_req_v2` and `struct inet_diag_msg` (linux/inet_diag.h).
    private static let requestBytes = 56
    private static let messageBytes = 72
    /// Numbers of the socket states asked for (net/tcp_states.h): TCP_CLOSE is also that of a UDP
    /// socket without a peer.
    private static let stateClose = 7
    private static let stateListen = 10

    package init() throws(NetlinkError) { socket = try NetlinkSocket(.socketDiagnosis) }

    /// Listening TCP sockets and bound, unconnected UDP sockets of both families. O(sockets).
    ///
    /// - Throws: `.notFound` when the kernel lacks tcp_diag or udp_diag.
    package func receivers() throws(NetlinkError) -> [HostSocket] {
        var sockets: [HostSocket] = []
        for (transport, state) in [(TransportProtocol.tcp, Self.stateListen), (.udp, Self.stateClose)] {
            for family in IPFamily.allCases {
                var found: [HostSocket] = []
                try socket.dump(
                    Self.request(transport, family, state: state), doing: "list \(transport) sockets of \(family)",
                    restart: { found = [] }
                ) { _, payload in
                    if let socket = Self.socket(payload, transport) { found.append(socket) }
                }
                sockets += found
            }
        }
        return sockets
    }

    private static func request(_ transport: TransportProtocol, _ family: IPFamily, state: Int) -> NetlinkWriter {
        var writer = NetlinkWriter(capacity: 128)
        let start = writer.beginMessage(
            type: UInt16(SOCK_DIAG_BY_FAMILY), flags: UInt16(NLM_F_REQUEST | NLM_F_DUMP), sequence: 1)
        var request = [UInt8](repeating: 0, count: requestBytes)
        request[0] = UInt8(family == .ipv4 ? AF_INET : AF_INET6)
        request[1] = transport.rawValue
        // idiag_states: one bit a state, in host order.
        // SAFETY: four bytes from offset 4 lie within the request.
        unsafe request.withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: UInt32(1) << UInt32(state), toByteOffset: 4, as: UInt32.self)
        }
        writer.append(request)
        writer.endMessage(at: start)
        return writer
    }

    /// Reads a struct inet_diag_msg: family at 0, port at 4, source address at 8, interface at 40, inode
    /// at 68, attributes after it. Nil for what is bound to no port.
    private static func socket(_ payload: RawSpan, _ transport: TransportProtocol) -> HostSocket? {
        guard payload.byteCount >= messageBytes, let family = payload.integer(at: 0, as: UInt8.self),
            let port = payload.integer(at: 4, as: UInt16.self).flatMap({ PortNumber($0.bigEndian) }),
            let interface = payload.integer(at: 40, as: UInt32.self), let inode = payload.integer(at: 68, as: UInt32.self)
        else { return nil }
        let length = Int32(family) == AF_INET ? 4 : 16
        guard let address = IPAddress(networkBytes: payload.extracting(8..<8 + length).array) else { return nil }
        var isIPv6Only = false
        payload.forEachAttribute(from: messageBytes) { type, value in
            if type == Int(INET_DIAG_SKV6ONLY) { isIPv6Only = value.integer(at: 0, as: UInt8.self) == 1 }
        }
        return HostSocket(
            protocol: transport, address: address, port: port, isIPv6Only: isIPv6Only, interfaceIndex: interface,
            inode: inode)
    }
}
