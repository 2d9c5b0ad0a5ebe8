import BPF
import CBPFMaps
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// What depends on the node's routes and interfaces.
struct PacketRouteTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    private func frame(_ flow: Flow, _ flags: UInt8 = TCPFlags.syn) -> [UInt8] {
        var recipe = PacketRecipe(flow)
        recipe.tcpFlags = flags
        return recipe.frame()
    }

    @Test(
        "A process of the node is sent on to the backend's device, and answered at ingress",
        .enabled(if: Requirement.root, "needs root"), arguments: families, [Transport.tcp, Transport.udp])
    func ownProcess(_ family: IPFamily, _ transport: UInt8) async throws {
        let node = try await PacketNode(pods: 1)
        let service = node.service(family, transport)
        try node.stage.add(service)
        let client = Endpoint(ServiceTopology.nodeAddress(family), 45_000)
        let asked = Flow(client, to: service.frontend, transport)
        for flags in [TCPFlags.syn, TCPFlags.ack] {
            let out = try await node.run(.egress, frame(asked, flags), isOwn: true)
            #expect(out.returnValue == TrafficAction.redirect)
            let sent = try #require(PacketReading(frame: out.packet))
            #expect(sent.checksumFaults == [])
            #expect(sent.flow.destination == service.backends[0].endpoint)
            #expect(sent.flow.source.address == ServiceTopology.podGateway(family))
            #expect((32768...60999).contains(sent.flow.source.port))
            let back = try await node.run(.ingress, frame(sent.flow.reversed, TCPFlags.synAck))
            #expect(back.returnValue == TrafficAction.unspecified)
            let answered = try #require(PacketReading(frame: back.packet))
            #expect(answered.checksumFaults == [])
            #expect(answered.flow == asked.reversed)
        }
        let (entries, load) = (try node.stage.connections.count(), try node.stage.load())
        #expect(entries == 2)
        #expect(load == 1)
    }

    @Test(
        "What leaves by an interface is masqueraded to the address that is its own",
        .enabled(if: Requirement.root, "needs root"), arguments: families)
    func interfaceAddress(_ family: IPFamily) async throws {
        let node = try await PacketNode(pods: 1)
        let service = node.service(family, Transport.tcp)
        try node.stage.add(service)
        let asked = frame(Flow(StagedClient.outside(family), to: service.frontend, Transport.tcp))
        let middle = try await node.run(.ingress, asked)
        let beyond = try await node.run(.egress, middle.packet)
        let sent = try #require(PacketReading(frame: beyond.packet))
        #expect(sent.flow.source.address == ServiceTopology.podGateway(family))
        #expect(sent.flow.destination == service.backends[0].endpoint)
    }

    @Test(
        "A backend on the node itself sees the client: it is delivered before it could be masqueraded",
        .enabled(if: Requirement.root, "needs root"), arguments: families)
    func backendOnTheNode(_ family: IPFamily) async throws {
        let node = try await PacketNode(pods: 0)
        var service = StagedService.sample(family, Transport.tcp, isMasqueraded: true)
        service.backends[0].endpoint = Endpoint(ServiceTopology.nodeAddress(family), 8080)
        service.backends[0].flags = UInt32(FW_BACKEND_LOCAL)
        try node.stage.add(service)
        let asked = Flow(StagedClient.outside(family), to: service.frontend, Transport.tcp)
        let delivered = try #require(PacketReading(frame: try await node.run(.ingress, frame(asked)).packet))
        #expect(delivered.flow == Flow(asked.source, to: service.backends[0].endpoint, Transport.tcp))
        let answer = try await node.run(.egress, frame(delivered.flow.reversed, TCPFlags.synAck), isOwn: true)
        let answered = try #require(PacketReading(frame: answer.packet)?.flow)
        #expect(answered == asked.reversed)
        let entries = try node.stage.connections.count()
        #expect(entries == 2)
    }

    @Test(
        "What the node sends to a Service that it has no way to is dropped, counted, and leaves nothing behind",
        .enabled(if: Requirement.root, "needs root"), arguments: families)
    func noRoute(_ family: IPFamily) async throws {
        let node = try await PacketNode(pods: 0)
        var service = StagedService.sample(family, Transport.tcp, isMasqueraded: true)
        service.backends[0].endpoint = Endpoint(ServiceTopology.nodeAddress(family), 8080)
        try node.stage.add(service)
        let asked = Flow(Endpoint(ServiceTopology.nodeAddress(family), 45_000), to: service.frontend, Transport.tcp)
        let out = try await node.run(.egress, frame(asked), isOwn: true)
        #expect(out.returnValue == TrafficAction.shot)
        let (drops, entries) = (try node.stage.dropCounts(), try node.stage.connections.count())
        #expect(drops == [FW_DROP_NO_BACKEND.rawValue: 1])
        #expect(entries == 0)
    }
}
