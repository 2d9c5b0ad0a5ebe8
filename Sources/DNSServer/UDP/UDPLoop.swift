internal import ClusterZone
internal import LinuxSystem
internal import NetworkTypes

/// What a worker's thread owns: its memory for datagrams and its responder.
///
/// A snapshot is held only while there is something to answer: one that an idle thread kept would keep everything
/// that changed since.
// SAFETY: Sendable because it is handed to its thread once, and the batch is known to nobody else.
struct UDPLoop: ~Copyable, @unchecked Sendable {
    var sockets: [Int32: UDPSocket] = [:]
    private let batch: DatagramBatch
    private var responder: Responder
    private let zones: ZonePublisher
    private let forwarder: (any ForwardSink)?
    private var forwarded: [(index: Int, request: ForwardRequest)] = []
    /// See `ClusterZone.readAhead`.
    private var readSum: UInt64 = 0

    /// Datagrams of one system call.
    static let batchCapacity = 32
    /// Bytes of a query at most: more than the largest name with every option clients send; longer ones are dropped.
    static let requestByteLimit = 4096
    /// Batches from one socket before the others have their turn.
    static let roundLimit = 64
    /// Errors in one go: the socket is then left until the next event.
    static let errorLimit = 64

    init(
        _ options: ResponderOptions, _ statistics: ServerStatistics, _ zones: ZonePublisher,
        _ forwarder: (any ForwardSink)?
    ) throws(Errno) {
        let limit = max(Int(options.payloadLimit), 512)
        batch = try DatagramBatch(
            capacity: Self.batchCapacity, requestByteLimit: Self.requestByteLimit, responseByteLimit: limit)
        responder = Responder(options: options, statistics: statistics)
        self.zones = zones
        self.forwarder = forwarder
    }

    /// Answers what waits at a socket.
    mutating func serve(_ descriptor: Int32, untilEmpty: Bool = false) {
        guard let socket = sockets[descriptor] else { return }
        var (rounds, errors) = (0, 0)
        var generation = zones.generation
        var zone = zones.zone
        while untilEmpty || rounds < Self.roundLimit, errors < Self.errorLimit {
            do {
                let count = try batch.receive(from: socket.socket, telling: socket.isUnspecific)
                guard count > 0 else { return }
                // A relaxed look each batch, and the lock only when there is something new.
                let latest = zones.generation
                if latest != generation { (generation, zone) = (latest, zones.zone) }
                answer(count, socket, zone)
                rounds += 1
                // Nearly always empty by now: asking epoll next saves a call that finds nothing.
                if count < Self.batchCapacity, !untilEmpty { return }
            } catch {
                // Of a datagram that was sent (ICMP), and taken with this call: the next one goes on.
                errors += 1
            }
        }
    }

    private mutating func answer(_ count: Int, _ socket: UDPSocket, _ zone: ClusterZone) {
        let start = ContinuousClock.now
        responder.beginBatch(at: start)
        // One question alone gains nothing.
        if count > 1 { readAhead(count, zone) }
        let someone = IPAddress(bits: 0, family: socket.address.family)
        batch.respond(toFirst: count) { index, request, response in
            let client = responder.wantsClient ? batch.path(of: index)?.peer.address ?? someone : someone
            switch responder.respond(to: request, transport: .udp, client: client, zone: zone, into: &response) {
            case .send(let byteCount): return byteCount
            case .forward(let request): forwarded.append((index, request))
            case .drop: break
            }
            return 0
        }
        let refused = batch.send(first: count, from: socket.socket)
        if refused > 0 { responder.statistics.countUnsent(refused) }
        responder.countBatch(ContinuousClock.now - start)
        if !forwarded.isEmpty { forward(socket) }
    }

    /// Takes half of the time that it saves, in a zone beyond the processor's caches.
    private mutating func readAhead(_ count: Int, _ zone: ClusterZone) {
        var hashes = InlineArray<32, UInt64>(repeating: 0)
        var found = 0
        batch.forEachRequest(first: min(count, hashes.count)) { request in
            guard let hash = responder.nameHash(request) else { return }
            hashes[found] = hash
            found += 1
        }
        readSum &+= zone.readAhead(hashes.span.extracting(first: found))
    }

    private mutating func forward(_ socket: UDPSocket) {
        for var item in forwarded {
            guard let path = batch.path(of: item.index) else { continue }
            item.request.client = path.peer.address
            forwarder?.forward(item.request, reply: UDPReplyPath(socket: socket, path: path))
        }
        forwarded.removeAll(keepingCapacity: true)
    }
}
