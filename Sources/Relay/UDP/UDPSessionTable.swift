internal import LinuxSystem
internal import NetworkTypes

/// One worker's sessions: by flow, by number, and in the order of their last use, of all and of each client.
struct UDPSessionTable {
    private var byNumber: [UDPSession?] = []
    private var freeNumbers: [Int] = []
    private var byFlow: [DatagramFlow: UDPSession] = [:]
    private var clients: [IPAddress: UDPClient] = [:]
    private var order = RecencyLinks()
    private var clientOrder = RecencyLinks()
    private var list = RecencyLinks.List()

    var count: Int { list.count }

    /// The one idle for longest.
    var oldest: UDPSession? { list.oldest.flatMap { byNumber[$0] } }

    /// Of one client.
    func oldest(of client: IPAddress) -> UDPSession? { clients[client]?.sessions.oldest.flatMap { byNumber[$0] } }

    func count(of client: IPAddress) -> Int { clients[client]?.sessions.count ?? 0 }

    subscript(flow: DatagramFlow) -> UDPSession? { byFlow[flow] }

    subscript(number number: Int) -> UDPSession? { number < byNumber.count ? byNumber[number] : nil }

    var all: [UDPSession] { byNumber.compactMap { $0 } }

    mutating func insert(
        _ flow: DatagramFlow, _ request: RelayRequest, _ listener: UDPListener, now: ContinuousClock.Instant
    ) -> UDPSession {
        let address = request.client.address
        let client = clients[address] ?? UDPClient(address)
        clients[address] = client
        let number = freeNumbers.popLast() ?? byNumber.count
        let session = UDPSession(number: number, flow, request, client, listener, now: now)
        if number == byNumber.count { byNumber.append(session) } else { byNumber[number] = session }
        byFlow[flow] = session
        order.append(number, to: &list)
        clientOrder.append(number, to: &client.sessions)
        return session
    }

    mutating func remove(_ session: UDPSession) {
        precondition(byNumber[session.number] === session, "a session that is not in the table")
        order.remove(session.number, from: &list)
        clientOrder.remove(session.number, from: &session.client.sessions)
        if session.client.sessions.count == 0 { clients[session.client.address] = nil }
        byFlow[session.flow] = nil
        byNumber[session.number] = nil
        freeNumbers.append(session.number)
    }

    mutating func touch(_ session: UDPSession, now: ContinuousClock.Instant) {
        session.lastUsed = now
        order.touch(session.number, in: &list)
        clientOrder.touch(session.number, in: &session.client.sessions)
    }
}
