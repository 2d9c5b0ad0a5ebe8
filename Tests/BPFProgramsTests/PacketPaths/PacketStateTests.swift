import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// What packets do to the state of their connection.
struct PacketStateTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    /// A TCP connection on its stage.
    final class Connection {
        let stage: PacketStage
        var service: StagedService
        let client: Endpoint
        var beyond: Flow

        init(_ family: IPFamily, isMasqueraded: Bool = true) throws {
            stage = try PacketStage()
            service = .sample(family, Transport.tcp, isMasqueraded: isMasqueraded)
            client = StagedClient.outside(family)
            try stage.add(service)
            beyond = Flow(client, to: client, Transport.tcp)
            try send(TCPFlags.syn)
        }

        /// From the client.
        func send(_ flags: UInt8) throws {
            var recipe = PacketRecipe(Flow(client, to: service.frontend, Transport.tcp))
            recipe.tcpFlags = flags
            let middle = try stage.pass(.ingress, recipe.frame())
            beyond = try #require(PacketReading(frame: try stage.pass(.egress, middle))?.flow)
        }

        /// From the backend.
        func answer(_ flags: UInt8) throws { try stage.answer(beyond, flags) }

        func state() throws -> UInt8? { try stage.connection(client, service)?.state }

        /// A second backend, whose turn is next.
        func offerAnother() throws {
            let other = StagedBackend.sample(client.address.family, 1)
            try stage.add(other, of: service.id)
            service.backends.append(other)
            try stage.set(service, slots: [other.id])
        }
    }

    @Test("A connection is new until it is answered, closing after a FIN and closed after both", arguments: families)
    func states(_ family: IPFamily) throws {
        let connection = try Connection(family)
        var states = [try connection.state()]
        try connection.answer(TCPFlags.synAck)
        states.append(try connection.state())
        try connection.send(TCPFlags.ack)
        states.append(try connection.state())
        try connection.send(TCPFlags.fin)
        states.append(try connection.state())
        let halfClosed = try connection.stage.load()
        try connection.answer(TCPFlags.ack)
        try connection.answer(TCPFlags.fin)
        states.append(try connection.state())
        let closed = try connection.stage.load()
        #expect(states == [FW_NEW, FW_ESTABLISHED, FW_ESTABLISHED, FW_CLOSING, FW_CLOSED].map { UInt8($0.rawValue) })
        #expect(halfClosed == 1)
        #expect(closed == 0)
        // The last acknowledgement still finds its way, and gives nothing back twice.
        try connection.send(TCPFlags.ack)
        try connection.answer(TCPFlags.fin)
        let (load, entries) = (try connection.stage.load(), try connection.stage.connections.count())
        #expect(load == 0)
        #expect(entries == 4)
    }

    @Test("A reset from either end closes and gives the count back, once", arguments: families, [true, false])
    func reset(_ family: IPFamily, _ isClients: Bool) throws {
        let connection = try Connection(family)
        try connection.answer(TCPFlags.synAck)
        for _ in 0..<2 {
            if isClients { try connection.send(TCPFlags.rst) } else { try connection.answer(TCPFlags.rst) }
            let (state, load) = (try connection.state(), try connection.stage.load())
            #expect(state == UInt8(FW_CLOSED.rawValue))
            #expect(load == 0)
        }
    }

    @Test(
        "A client that goes straight to the backend from a port that a connection there had gets its own answers",
        arguments: families, [true, false])
    func straightToTheBackend(_ family: IPFamily, _ isMasqueraded: Bool) throws {
        let connection = try Connection(family, isMasqueraded: isMasqueraded)
        let backend = connection.beyond.destination
        // The client's port where the node routes it.
        let port = isMasqueraded ? connection.beyond.source.port : connection.client.port
        var syn = PacketRecipe(Flow(Endpoint(connection.client.address, port), to: backend, Transport.tcp))
        syn.tcpFlags = TCPFlags.syn
        try connection.answer(TCPFlags.synAck)
        try connection.send(TCPFlags.rst)
        let frame = syn.frame()
        let middle = try connection.stage.pass(.ingress, frame)
        #expect(middle == frame)
        let beyond = try connection.stage.pass(.egress, middle)
        #expect(beyond == frame)
        var answer = PacketRecipe(syn.flow.reversed)
        answer.tcpFlags = TCPFlags.synAck
        let (asked, arrived) = (answer.frame(), try connection.stage.pass(.ingress, answer.frame()))
        #expect(arrived == asked)
        let delivered = try connection.stage.pass(.egress, arrived)
        #expect(delivered == asked)
        let entries = try connection.stage.connections.count()
        #expect(entries == 0)
    }

    @Test("A client that refuses what an earlier connection left at the backend gets to the same backend again", arguments: families)
    func leftover(_ family: IPFamily) throws {
        let connection = try Connection(family)
        let first = connection.beyond
        try connection.answer(TCPFlags.ack)
        try connection.send(TCPFlags.rst)
        try connection.offerAnother()
        try connection.send(TCPFlags.syn)
        #expect(connection.beyond == first)
        let (state, load) = (try connection.state(), try connection.stage.load())
        #expect(state == UInt8(FW_NEW.rawValue))
        #expect(load == 1)
    }

    @Test("A port that is used again after the end begins anew at once, with any backend", arguments: families)
    func reusedPort(_ family: IPFamily) throws {
        let endings: [(Connection) throws -> Void] = [
            { try $0.send(TCPFlags.rst) }, { try $0.answer(TCPFlags.rst) }, { try $0.send(TCPFlags.fin) },
            {
                try $0.send(TCPFlags.fin)
                try $0.answer(TCPFlags.fin)
            },
        ]
        for end in endings {
            let connection = try Connection(family)
            try connection.answer(TCPFlags.synAck)
            try end(connection)
            try connection.offerAnother()
            try connection.send(TCPFlags.syn)
            #expect(connection.beyond.destination == connection.service.backends[1].endpoint)
            let (state, entries) = (try connection.state(), try connection.stage.connections.count())
            #expect(state == UInt8(FW_NEW.rawValue))
            #expect(entries == 4)
            let loads = [try connection.stage.load(70), try connection.stage.load(71)]
            #expect(loads == [0, 1])
            let used = try connection.stage.used()
            #expect(used == 1)
        }
    }

    @Test("A SYN that is sent again goes to the same backend", arguments: families)
    func retransmission(_ family: IPFamily) throws {
        let connection = try Connection(family)
        try connection.offerAnother()
        let first = connection.beyond
        try connection.send(TCPFlags.syn)
        #expect(connection.beyond == first)
        try connection.answer(TCPFlags.synAck)
        try connection.send(TCPFlags.syn)
        #expect(connection.beyond == first)
    }

    @Test("A reset of no connection begins none, and is counted", arguments: families)
    func strayReset(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let service = StagedService.sample(family, Transport.tcp)
        try stage.add(service)
        let action = try stage.refuse(StagedClient.outside(family), service, TCPFlags.rst)
        #expect(action == TrafficAction.shot)
        let (drops, entries) = (try stage.dropCounts(), try stage.connections.count())
        #expect(drops == [FW_DROP_STRAY.rawValue: 1])
        #expect(entries == 0)
    }

    @Test(
        "With its backend gone a connection ends, and its next packet finds another", arguments: families,
        [Transport.tcp, Transport.udp])
    func backendGone(_ family: IPFamily, _ transport: UInt8) throws {
        let stage = try PacketStage()
        var service = StagedService.sample(family, transport, isMasqueraded: true)
        service.backends.append(.sample(family, 1))
        try stage.add(service)
        let client = StagedClient.outside(family)
        let first = try stage.send(client, service)
        #expect(first.destination == service.backends[0].endpoint)
        try stage.set(service, slots: [service.backends[1].id])
        // Draining: what there is goes on.
        let draining = try stage.send(client, service, TCPFlags.ack)
        #expect(draining == first)
        try stage.backends.delete(70)
        let second = try stage.send(client, service, TCPFlags.ack)
        #expect(second.destination == service.backends[1].endpoint)
        let (entries, used, load) = (try stage.connections.count(), try stage.used(), try stage.load(71))
        #expect(entries == 4)
        #expect(used == 1)
        #expect(load == 1)
    }
}
