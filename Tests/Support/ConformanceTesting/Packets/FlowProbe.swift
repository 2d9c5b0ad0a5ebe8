internal import Glibc
internal import LinuxSystem
internal import NetworkNamespaceTesting
internal import NetworkTypes

/// What was seen of one flow.
struct ProbedFlow: Sendable {
    var outcomes: Set<FlowOutcome> = []
    /// Who answered each connection.
    var answers: [FlowOutcome] = []
    /// What no outcome covers: strange senders, unknown errors, probes that arrived though dropped.
    var oddities: [String] = []
}

extension ConformanceTopology {
    /// Connections enough that of each backend 20 are expected.
    private static let connectionsPerBackend = 20

    /// Sends the packets of a flow, and says what became of them. Blocks.
    ///
    /// - Parameters:
    ///   - isPatient: hear of TCP refusals as any client does, which takes a second.
    ///   - sockets: joined by its senders.
    ///   - place: asked instead of the flow's own; a reset there is a refusal.
    func probe(
        _ flow: ConformanceFlow, arrivals: ArrivalCount, isPatient: Bool, sockets: SocketLevel?,
        at place: SocketAddress? = nil
    ) throws -> ProbedFlow {
        let count: Int
        var mustBeSilent = false
        switch flow.expected {
        case .balanced(let pods, _, _): count = Self.connectionsPerBackend * pods.count
        case .sticky: count = 4
        case .rejected: count = 2
        case .untouched: count = 4
        case .dropped:
            count = 3
            mustBeSilent = true
        }
        let before = arrivals.value
        let isSilent = mustBeSilent
        // Refusals may be limited in number: clients ask again, and TCP does so by itself.
        let asksAgain = flow.expected == .rejected && flow.transport == .udp
        let replies = try namespace(of: flow.from).insideBlocking {
            if let sockets, sockets.senders(flow.from) { try sockets.join() }
            let prober = try Prober(
                from: flow.source, to: place ?? SocketAddress(flow.to, port: flow.port.rawValue), flow.transport,
                count: count, isPatient: isPatient)
            if isSilent {
                try Self.awaitMarkers(from: flow)
                try prober.wait(.zero)
            } else {
                try prober.wait(asksAgain: asksAgain)
            }
            return prober.replies
        }
        var probed = ProbedFlow()
        for reply in replies {
            let isRefusal = place != nil && reply == .error(.connectionReset)
            Self.judge(isRefusal ? .error(.connectionRefused) : reply, of: flow, &probed)
        }
        if mustBeSilent, arrivals.value != before { probed.oddities.append("\(arrivals.value - before) probes arrived") }
        return probed
    }

    /// Sends a datagram to everybody a probe could have ended at, and awaits the answers: whatever was
    /// sent before over the same ways has arrived then, and what it caused has come back.
    private static func awaitMarkers(from flow: ConformanceFlow) throws {
        let family = flow.family
        let places = World.pods.map { World.pod($0, family) } + [World.nodeAddress(family), World.outsideAddress(family)]
        for place in places where place != flow.source {
            let marker = try Prober(
                from: flow.source, to: SocketAddress(place, port: World.markerPort.rawValue), .udp, count: 1)
            try marker.wait()
            guard case .answer = marker.replies.first else {
                throw TestSupportError("\(flow): no answer to the marker for \(place): \(marker.replies)")
            }
        }
    }

    private static func judge(_ reply: ProbeReply, of flow: ConformanceFlow, _ probed: inout ProbedFlow) {
        let outcome: FlowOutcome
        switch reply {
        case .nothing: outcome = .dropped
        case .error(.connectionRefused): outcome = .rejected
        case .error(let error):
            probed.oddities.append("\(error)")
            return
        case .answer(let name, let source, let port):
            let isDirect = source == flow.source
            let address = World.pods.contains(name) ? World.pod(name, flow.family) : nil
            if let address, address != flow.to {
                if !isDirect && !World.nodeAddresses(flow.family).contains(source) {
                    probed.oddities.append("\(name) saw \(source)")
                }
                // Its own connection, seen from an address of the node.
                outcome = .delivered(to: address, port: port, masqueraded: !isDirect)
            } else {
                if !isDirect { probed.oddities.append("\(name) saw \(source), nobody should have touched it") }
                outcome = .untouched
            }
        }
        probed.outcomes.insert(outcome)
        probed.answers.append(outcome)
    }
}
