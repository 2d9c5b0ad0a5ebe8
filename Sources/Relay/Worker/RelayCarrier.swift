internal import LinuxSystem

/// What one worker does for one protocol. Made on the worker's thread, and every call comes on it.
protocol RelayCarrier: AnyObject {
    /// Serves what comes in at this socket from now on.
    func add(_ socket: RelaySocket) throws(Errno)

    /// Takes nothing more from this socket; what came in by it goes on.
    func remove(_ socket: RelaySocket)

    /// - Parameter token: as it was given to `RelayWorkerContext.watch`.
    func handle(_ event: Epoll.Event, token: UInt64)

    /// When `deadlinePassed` is to be called; nil: nothing waits for a time. Asked after each round of events.
    var deadline: ContinuousClock.Instant? { get }

    func deadlinePassed()

    /// Backends were marked as gone: who uses one begins its drain, or moves.
    func backendsChanged()

    /// Connections and sessions that are open.
    var count: Int { get }
    var records: [RelayConnectionRecord] { get }

    /// Resets and closes everything.
    func end()
}
