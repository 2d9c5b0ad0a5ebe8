internal import LinuxSystem

/// The part of a worker that carries UDP. It has no memory for datagrams until it has a listener.
final class UDPCarrier: RelayCarrier {
    private let context: RelayWorkerContext
    private(set) var relay: UDPRelay?

    init(_ context: RelayWorkerContext) { self.context = context }

    func add(_ socket: RelaySocket) throws(Errno) {
        let relay: UDPRelay
        if let present = self.relay { relay = present } else { relay = try UDPRelay(context) }
        self.relay = relay
        try relay.add(socket)
    }

    func remove(_ socket: RelaySocket) { relay?.remove(socket) }
    func handle(_ event: Epoll.Event, token: UInt64) { relay?.handle(event, token: token) }
    var deadline: ContinuousClock.Instant? { relay?.deadline }
    func deadlinePassed() { relay?.deadlinePassed() }
    func backendsChanged() { relay?.backendsChanged() }
    var count: Int { relay?.sessions.count ?? 0 }
    var records: [RelayConnectionRecord] { relay?.records ?? [] }
    func end() { relay?.end() }
}
