internal import LinuxSystem

/// One end of a connection through the relay.
enum TCPSide {
    case client
    case backend

    var other: TCPSide { self == .client ? .backend : .client }

    var token: TCPToken.Side { self == .client ? .client : .backend }

    /// It ended the connection without leave.
    var reset: RelayStatistics.End { self == .client ? .clientReset : .backendReset }
}

extension TCPConnection {
    /// The direction that comes from this side.
    func withDirection<Result>(from side: TCPSide, _ body: (inout TCPDirection) -> Result) -> Result {
        switch side {
        case .client: body(&up)
        case .backend: body(&down)
        }
    }

    /// Moves what this side sent to the other.
    func move(from side: TCPSide, _ pool: TransferPool) -> TCPDirection.Outcome {
        switch side {
        case .client: up.move(from: client, to: backend, pool)
        case .backend: down.move(from: backend, to: client, pool)
        }
    }

    /// Counts what moved since the last time; nothing: false.
    func countMoved(from side: TCPSide) -> Bool {
        let byteCount = withDirection(from: side) { $0.takeByteCount() }
        guard byteCount > 0 else { return false }
        switch side {
        case .client: target.traffic.countIn(bytes: byteCount)
        case .backend: target.traffic.countOut(bytes: byteCount)
        }
        return true
    }

    /// Passes the other side's end on to this one. Refused only when it was reset, which is reported.
    func shutdownSending(to side: TCPSide) {
        switch side {
        case .client: try? client.shutdownSending()
        case .backend: try? backend.shutdownSending()
        }
    }
}
