internal import Glibc
internal import LinuxSystem

/// Whether another process has an address already.
enum PortProbe {
    enum Finding: Sendable, Hashable {
        case free
        /// It has, and lets others bind beside it (SO_REUSEPORT), as a running Fairway does.
        case shared
        /// It has it for itself, or the address is none of this node's.
        case taken(Errno)
    }

    /// Looks through TCP sockets that never listen, so that no client is answered by the attempt.
    static func look(at address: SocketAddress) -> Finding {
        do throws(Errno) {
            try bind(address, sharing: false)
            return .free
        } catch {
            guard error.rawValue == EADDRINUSE else { return .taken(error) }
        }
        do throws(Errno) {
            try bind(address, sharing: true)
            return .shared
        } catch {
            return .taken(error)
        }
    }

    private static func bind(_ address: SocketAddress, sharing: Bool) throws(Errno) {
        let socket = try Socket(.stream, address.family)
        if sharing { try socket.set(SOL_SOCKET, SO_REUSEPORT, 1) }
        try socket.bind(to: address)
    }
}
