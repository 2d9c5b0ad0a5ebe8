internal import LinuxSystem
internal import NetworkTypes

/// The datagrams between one client's port and one frontend.
final class UDPSession {
    let number: Int
    let flow: DatagramFlow
    let request: RelayRequest
    let client: UDPClient
    let created: ContinuousClock.Instant
    var listener: UDPListener
    var lastUsed: ContinuousClock.Instant
    var isOpen = true

    /// nil: the backend failed, and the next datagram chooses another.
    var leg: UDPLeg?
    /// Backends that failed since one answered.
    var tried: [RelayBackend] = []
    /// Has the frontend's address and port; made with the first answer.
    var replySocket: UDPReplySocket?
    var canSegmentAnswers = true

    /// Slots of the batch that was received that are this session's, linked by `UDPRelay.nextSlot`.
    var firstSlot: Int?
    var lastSlot = 0

    init(
        number: Int, _ flow: DatagramFlow, _ request: RelayRequest, _ client: UDPClient, _ listener: UDPListener,
        now: ContinuousClock.Instant
    ) {
        self.number = number
        self.flow = flow
        self.request = request
        self.client = client
        self.listener = listener
        created = now
        lastUsed = now
    }

    func record(now: ContinuousClock.Instant) -> RelayConnectionRecord? {
        guard let leg else { return nil }
        return RelayConnectionRecord(
            .udp, service: leg.service.name, client: request.client, frontend: request.destination,
            backend: leg.backend.address,
            state: leg.backend.isGone ? .draining : leg.isTaken ? .established : .connecting, age: now - created,
            idle: now - lastUsed)
    }
}

/// A client's address with its sessions.
final class UDPClient {
    let address: IPAddress
    var sessions = RecencyLinks.List()

    init(_ address: IPAddress) { self.address = address }
}
