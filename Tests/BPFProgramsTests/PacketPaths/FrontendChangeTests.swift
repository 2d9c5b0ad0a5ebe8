import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// What frontends that change mean for flows that go on.
struct FrontendChangeTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    /// Two Services; the second has the id 8 and a backend of its own.
    private func services(_ family: IPFamily, _ transport: UInt8) -> (first: StagedService, second: StagedService) {
        let first = StagedService.sample(family, transport)
        var second = StagedService.sample(family, transport)
        (second.id, second.backends[0].id) = (8, 71)
        second.frontend.port += 1
        second.backends[0].endpoint.port += 1
        return (first, second)
    }

    private func tellOfChange(_ stage: borrowing PacketStage) throws {
        var settings = try #require(try stage.settings.lookup(0))
        settings.generation += 1
        try stage.settings.update(0, settings)
    }

    @Test("Datagrams follow a frontend that another Service has taken; a TCP connection goes on", arguments: families)
    func taken(_ family: IPFamily) throws {
        for (transport, moves) in [(Transport.udp, true), (Transport.tcp, false)] {
            let stage = try PacketStage()
            let (first, second) = services(family, transport)
            try stage.add(first)
            try stage.add(second)
            let client = StagedClient.outside(family)
            let before = try stage.send(client, first)
            #expect(before.destination == first.backends[0].endpoint)
            let key = fw_frontend_key(first.frontend, transport)
            var frontend = try #require(try stage.frontends.lookup(key))
            frontend.service = second.id
            try stage.frontends.update(key, frontend)
            try tellOfChange(stage)
            let after = try stage.send(client, first, TCPFlags.ack)
            #expect(after.destination == (moves ? second : first).backends[0].endpoint)
            let used = try stage.used()
            #expect(used == 1)
        }
    }

    @Test("Datagrams to a frontend that is gone are nobody's, and what they had is given back", arguments: families)
    func gone(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let service = services(family, Transport.udp).first
        try stage.add(service)
        let client = StagedClient.outside(family)
        _ = try stage.converse(client, service)
        try stage.frontends.delete(fw_frontend_key(service.frontend, Transport.udp))
        try stage.clusterIPs.delete(fw_address(service.frontend.address))
        try tellOfChange(stage)
        let frame = PacketRecipe(Flow(client, to: service.frontend, Transport.udp)).frame()
        let result = try stage.run(.ingress, frame)
        #expect(result.packet == frame)
        let (used, load) = (try stage.used(), try stage.load(service.backends[0].id))
        #expect(used == 0)
        #expect(load == 0)
    }
}
