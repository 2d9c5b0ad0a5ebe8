internal import LinuxSystem

/// The part of a worker that carries TCP.
final class TCPCarrier: RelayCarrier {
    private let context: RelayWorkerContext

    init(_ context: RelayWorkerContext) { self.context = context }

    func add(_ socket: RelaySocket) throws(Errno) {}
    func remove(_ socket: RelaySocket) {}
    func handle(_ event: Epoll.Event, token: UInt64) {}
    var deadline: ContinuousClock.Instant? { nil }
    func deadlinePassed() {}
    func backendsChanged() {}
    var count: Int { 0 }
    var records: [RelayConnectionRecord] { [] }
    func end() {}
}
