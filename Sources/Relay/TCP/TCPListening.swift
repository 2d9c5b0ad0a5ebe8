internal import LinuxSystem
internal import NetworkTypes

/// A listening socket as one worker serves it.
struct TCPListening {
    /// Connections accepted in one turn at most, so that those that are open have theirs.
    static let burstLimit = 64

    /// Connections that wait and are taken in when a socket is no longer served: as many as can wait (`Socket.listen`).
    static let backlogLimit = 4096

    let socket: RelaySocket
    /// nil: each connection is asked.
    let destination: SocketAddress?
    /// Connections to accept in the next turn. It follows what comes, so that the call that says "no more" is seldom
    /// made: the socket is level-triggered and reports what is left.
    var burst = 1

    init(_ socket: RelaySocket) {
        self.socket = socket
        destination =
            switch socket.listener.destination {
            case .fixed(let address): address
            case .own where !socket.address.address.isUnspecified && !socket.listener.isTransparent: socket.address
            case .own, .redirected: nil
            }
    }

    /// Where a connection that was accepted went; nil: nobody knows any more.
    func destination(of client: borrowing Socket) -> SocketAddress? {
        if let destination { return destination }
        do throws(Errno) {
            return socket.listener.destination == .redirected
                ? try client.originalDestination() : try client.localAddress()
        } catch { return nil }
    }
}

/// Why nothing is accepted for now.
struct TCPPause {
    let reason: RelayStatistics.Pause
    /// When listening goes on though nobody said that there is room; nil: only then.
    let end: ContinuousClock.Instant?
}
