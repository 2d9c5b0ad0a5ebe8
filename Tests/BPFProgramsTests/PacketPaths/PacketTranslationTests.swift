import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// The ways of a connection through the node.
struct PacketTranslationTests {
    struct Case: CustomTestStringConvertible {
        var family: IPFamily
        var transport: UInt8
        var isMasqueraded: Bool
        var testDescription: String { "\(family) protocol \(transport)\(isMasqueraded ? " masqueraded" : "")" }
        var service: StagedService { .sample(family, transport, isMasqueraded: isMasqueraded) }
        var client: Endpoint { StagedClient.outside(family) }
        var node: IPAddress { family == .ipv4 ? PacketStage.nodeIPv4 : PacketStage.nodeIPv6 }
    }

    static let cases: [Case] = [IPFamily.ipv4, .ipv6].flatMap { family in
        [Transport.tcp, Transport.udp].flatMap { transport in
            [false, true].map { Case(family: family, transport: transport, isMasqueraded: $0) }
        }
    }

    @Test("A connection is translated to its backend, and its answers back", arguments: cases)
    func thereAndBack(_ one: Case) throws {
        let stage = try PacketStage()
        try stage.add(one.service)
        let conversation = try stage.converse(one.client, one.service)
        expect(conversation, one)
        let again = try stage.converse(one.client, one.service, { $0.tcpFlags = TCPFlags.ack }, answer: TCPFlags.ack)
        #expect(again.middle == conversation.middle)
        #expect(again.beyond == conversation.beyond)
        let (entries, used, load) = (try stage.connections.count(), try stage.used(), try stage.load())
        #expect(entries == (one.isMasqueraded ? 4 : 2))
        #expect(used == 1)
        #expect(load == 1)
        let drops = try stage.dropCounts()
        #expect(drops == [:])
    }

    private func expect(_ conversation: PacketConversation, _ one: Case) {
        let backend = one.service.backends[0].endpoint
        #expect(conversation.middle.source.address == one.client.address)
        #expect(conversation.middle.destination == backend)
        #expect(conversation.beyond.destination == backend)
        #expect(conversation.answered == conversation.asked.reversed)
        #expect(conversation.beyond.source.port == conversation.middle.source.port)
        if one.isMasqueraded {
            #expect(conversation.beyond.source.address == one.node)
            #expect((32768...60999).contains(conversation.beyond.source.port))
        } else {
            #expect(conversation.beyond == conversation.middle)
            #expect(conversation.middle.source == one.client)
        }
    }

    @Test("Packets and bytes are counted for the backend, both ways", arguments: cases)
    func counters(_ one: Case) throws {
        let stage = try PacketStage()
        try stage.add(one.service)
        let conversation = try stage.converse(one.client, one.service)
        let size = UInt64(PacketRecipe(conversation.asked).packet().count)
        let counts = try stage.counts()
        #expect(counts.connections == 1)
        #expect([counts.packets_in, counts.packets_out] == [1, 1])
        #expect([counts.bytes_in, counts.bytes_out] == [size, size])
    }

    @Test("A packet that is yet to be segmented counts as its segments", arguments: cases)
    func segments(_ one: Case) throws {
        let stage = try PacketStage()
        try stage.add(one.service)
        var context = BPFTestContext(ingressInterfaceIndex: 1)
        (context.segmentSize, context.segmentCount) = (500, 3)
        var recipe = PacketRecipe(Flow(one.client, to: one.service.frontend, one.transport))
        recipe.payload = Array(repeating: 7, count: 1500)
        let result = try stage.ingress.testRun(packet: recipe.frame(), context: context)
        #expect(PacketReading(frame: result.packet)?.checksumFaults == [])
        let counts = try stage.counts()
        #expect([counts.packets_in, counts.bytes_in] == [3, UInt64(recipe.packet().count)])
    }

    @Test("A pod that reaches itself sees the node's address", arguments: cases)
    func hairpin(_ one: Case) throws {
        let stage = try PacketStage()
        try stage.add(one.service)
        let pod = Endpoint(one.service.backends[0].endpoint.address, 40_404)
        let conversation = try stage.converse(pod, one.service)
        #expect(conversation.beyond.source.address == one.node)
        #expect(conversation.answered == conversation.asked.reversed)
    }

    @Test("A NodePort is reached at the node's addresses, and answers from the one that was asked", arguments: cases)
    func nodePort(_ one: Case) throws {
        let stage = try PacketStage()
        var service = one.service
        service.isNodePort = true
        service.frontend = Endpoint(one.node, 30_080)
        try stage.add(service)
        let conversation = try stage.converse(one.client, service)
        #expect(conversation.middle.destination == service.backends[0].endpoint)
        #expect(conversation.answered.source == service.frontend)
        // Another address of the node, where NodePorts are not served.
        let other = PacketRecipe(
            Flow(one.client, to: Endpoint(one.family == .ipv4 ? "192.0.2.77" : "2001:db8::77", 30_080), one.transport)
        ).frame()
        let result = try stage.run(.ingress, other)
        #expect(result.packet == other)
        #expect(result.returnValue == TrafficAction.unspecified)
    }

    @Test("VLAN tags in the frame, IPv4 options and IPv6 extension headers are no hindrance", arguments: cases)
    func headers(_ one: Case) throws {
        let stage = try PacketStage()
        try stage.add(one.service)
        let changes: [(inout PacketRecipe) -> Void] = [
            { $0.tags = [100] }, { $0.tags = [100, 200] },
            {
                $0.options = [0x94, 4, 0, 0] + Array(repeating: 1, count: 36)
                $0.extensions = [(0, [0, 0, 1, 4, 0, 0, 0, 0]), (60, [0, 1] + [1, 12] + Array(repeating: 0, count: 12))]
            },
        ]
        for (index, change) in changes.enumerated() {
            let client = StagedClient.outside(one.family, port: 50_000 + UInt16(index))
            let conversation = try stage.converse(client, one.service, change)
            #expect(conversation.middle.destination == one.service.backends[0].endpoint)
            #expect(conversation.answered == conversation.asked.reversed)
        }
    }

    @Test("A UDP checksum that was left out stays out", arguments: [false, true])
    func withoutChecksum(_ isMasqueraded: Bool) throws {
        let stage = try PacketStage()
        let service = StagedService.sample(.ipv4, Transport.udp, isMasqueraded: isMasqueraded)
        try stage.add(service)
        let conversation = try stage.converse(StagedClient.outside(.ipv4), service, { $0.checksum = .absent })
        #expect(conversation.answered == conversation.asked.reversed)
    }

    @Test("A wrong checksum stays wrong", arguments: cases)
    func wrongChecksum(_ one: Case) throws {
        let stage = try PacketStage()
        try stage.add(one.service)
        var recipe = PacketRecipe(Flow(one.client, to: one.service.frontend, one.transport))
        recipe.checksum = .wrong
        let result = try stage.run(.ingress, recipe.frame())
        let read = try #require(PacketReading(frame: result.packet))
        #expect(read.flow.destination == one.service.backends[0].endpoint)
        #expect(read.checksumFaults.count == 1)
    }

    @Test("SCTP keeps its ports, and its checksum", arguments: [IPFamily.ipv4, .ipv6], [false, true])
    func sctp(_ family: IPFamily, _ isMasqueraded: Bool) throws {
        let stage = try PacketStage()
        var service = StagedService.sample(family, Transport.sctp, isMasqueraded: isMasqueraded)
        service.backends[0].endpoint.port = service.frontend.port
        try stage.add(service)
        let client = StagedClient.outside(family)
        let conversation = try stage.converse(client, service)
        #expect(conversation.beyond.source.port == client.port)
        #expect(conversation.answered == conversation.asked.reversed)
    }

    @Test("SCTP to a backend of another port is dropped and counted", arguments: [IPFamily.ipv4, .ipv6])
    func sctpToAnotherPort(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let service = StagedService.sample(family, Transport.sctp)
        try stage.add(service)
        let action = try stage.refuse(StagedClient.outside(family), service)
        #expect(action == TrafficAction.shot)
        let (drops, entries) = (try stage.dropCounts(), try stage.connections.count())
        #expect(drops == [FW_DROP_UNSUPPORTED.rawValue: 1])
        #expect(entries == 0)
    }

    @Test("A client keeps its backend by affinity, another gets the next", arguments: cases)
    func affinity(_ one: Case) throws {
        let stage = try PacketStage()
        var service = one.service
        service.backends.append(.sample(one.family, 1))
        service.affinitySeconds = 600
        try stage.add(service)
        let ports: [UInt16] = [1001, 1002, 1003, 1004]
        let same = try ports.map { try stage.send(StagedClient.outside(one.family, port: $0), service).destination }
        #expect(Set(same).count == 1)
        let other = try stage.send(StagedClient.pod(one.family), service).destination
        #expect(other != same[0])
    }
}
