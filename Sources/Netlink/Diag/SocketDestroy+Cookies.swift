import CNetfilter
import Glibc
package import NetworkTypes

extension SocketDestroy {
    /// Closes the connected sockets with these cookies (SO_COOKIE of socket(7)), of the network namespace of the thread
    /// that opened this: a process that waits on one gets ECONNABORTED, of UDP too.
    ///
    /// - Parameters:
    ///   - port: what they are connected to; narrows down what the kernel lists.
    /// - Returns: those that were found and closed.
    /// - Throws: `.unsupported` when the kernel cannot close sockets of others (CONFIG_INET_DIAG_DESTROY), `.notFound`
    ///   when it lacks tcp_diag or udp_diag. O(sockets of this namespace).
    package func destroy(
        cookies: Set<UInt64>, _ transport: TransportProtocol, _ family: IPFamily, connectedTo port: PortNumber
    ) throws(NetlinkError) -> Set<UInt64> {
        var closed: Set<UInt64> = []
        for identity in try identities(of: transport, family, connectedTo: port) {
            guard cookies.contains(identity.cookie) else { continue }
            if try destroy(identity.bytes, transport, family) { closed.insert(identity.cookie) }
        }
        return closed
    }

    private struct Identity {
        /// A struct inet_diag_sockid.
        let bytes: [UInt8]
        let cookie: UInt64
    }

    /// In every state but listening and timing out.
    private static let connectedStates: UInt32 = (1 << 1) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 5) | (1 << 8)

    private func identities(
        of transport: TransportProtocol, _ family: IPFamily, connectedTo port: PortNumber
    ) throws(NetlinkError) -> [Identity] {
        // Ports, addresses, interface; any cookie (INET_DIAG_NOCOOKIE).
        let number = port.rawValue
        let wanted: [UInt8] =
            [0, 0, UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] + [UInt8](repeating: 0, count: 36)
            + [UInt8](repeating: 0xFF, count: 8)
        let request = SocketDestroy.request(
            SOCK_DIAG_BY_FAMILY, flags: NLM_F_DUMP, transport, family, states: SocketDestroy.connectedStates, wanted)
        var identities: [Identity] = []
        try socket.dump(
            request, doing: "list \(transport) sockets of \(family)", takesInterrupted: true, restart: { identities = [] }
        ) { header, payload in
            guard Int32(header.type) == SOCK_DIAG_BY_FAMILY, payload.byteCount >= 4 + SocketDestroy.identityBytes,
                payload.integer(at: 6, as: UInt16.self) == number.bigEndian
            else { return }
            let bytes = payload.extracting(4..<4 + SocketDestroy.identityBytes)
            // Two halves in host order, the lower first (sock_diag_save_cookie).
            guard let low = bytes.integer(at: SocketDestroy.cookieOffset, as: UInt32.self),
                let high = bytes.integer(at: SocketDestroy.cookieOffset + 4, as: UInt32.self)
            else { return }
            identities.append(Identity(bytes: bytes.array, cookie: UInt64(high) << 32 | UInt64(low)))
        }
        return identities
    }

    private func destroy(
        _ identity: [UInt8], _ transport: TransportProtocol, _ family: IPFamily
    ) throws(NetlinkError) -> Bool {
        let request = SocketDestroy.request(
            SOCK_DESTROY, flags: NLM_F_ACK, transport, family, states: .max, identity)
        do throws(NetlinkError) {
            try socket.perform(request, doing: "close \(transport) socket", object: "")
            return true
        } catch {
            // Gone, or closed meanwhile.
            guard [ENOENT, ESTALE, EINVAL].contains(error.errno) else { throw error }
            return false
        }
    }

    /// A struct inet_diag_req_v2: family, protocol, no extensions, padding, states, then the identity.
    private static func request(
        _ type: Int32, flags: Int32, _ transport: TransportProtocol, _ family: IPFamily, states: UInt32,
        _ identity: [UInt8]
    ) -> NetlinkWriter {
        var writer = NetlinkWriter(capacity: 128)
        let start = writer.beginMessage(type: UInt16(type), flags: UInt16(NLM_F_REQUEST | flags), sequence: 1)
        writer.append([UInt8(family == .ipv4 ? AF_INET : AF_INET6), transport.rawValue, 0, 0])
        writer.append(hostOrder: states)
        writer.append(identity)
        writer.endMessage(at: start)
        return writer
    }
}
