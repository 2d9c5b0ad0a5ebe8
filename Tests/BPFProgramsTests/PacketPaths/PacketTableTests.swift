import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// The limits of the connection table, and of the ports that masquerading hands out.
struct PacketTableTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    @Test("Where a client's port is taken at the backend it gets another there, and answers go to whom they are for", arguments: families)
    func takenPort(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let first = StagedService.sample(family, Transport.udp)
        var second = first
        second.id = 8
        second.frontend = Endpoint(family == .ipv4 ? "10.96.0.11" : "fd00:96::b", 80)
        try stage.add(first)
        second.backends[0].id = 71
        try stage.add(second)
        let client = StagedClient.outside(family)
        let one = try stage.converse(client, first)
        let other = try stage.converse(client, second)
        #expect(one.middle.source == client)
        #expect(other.middle.source.address == client.address)
        #expect(other.middle.source.port != client.port)
        #expect([one.answered, other.answered] == [one.asked.reversed, other.asked.reversed])
        let again = try stage.converse(client, first)
        #expect(again.answered == one.answered)
    }

    @Test("Without a free port a connection is dropped, counted, and leaves nothing behind", arguments: families)
    func portsExhausted(_ family: IPFamily) throws {
        let stage = try PacketStage()
        var settings = PacketStage.plainSettings
        (settings.first_port, settings.last_port) = (40_000, 40_001)
        try stage.settings.update(0, settings)
        let service = StagedService.sample(family, Transport.tcp, isMasqueraded: true)
        try stage.add(service)
        for port in [UInt16(1001), 1002] { try stage.send(StagedClient.outside(family, port: port), service) }
        let action = try stage.refuse(StagedClient.outside(family, port: 1003), service)
        #expect(action == TrafficAction.shot)
        let (drops, entries, load, used) = (
            try stage.dropCounts(), try stage.connections.count(), try stage.load(), try stage.used()
        )
        #expect(drops == [FW_DROP_PORTS_EXHAUSTED.rawValue: 1])
        #expect(entries == 8)
        #expect(load == 2)
        #expect(used == 2)
        // Another backend has all ports free.
        try stage.add(StagedBackend.sample(family, 1), of: service.id)
        try stage.set(service, slots: [71])
        let elsewhere = try stage.send(StagedClient.outside(family, port: 1003), service)
        #expect(elsewhere.destination == StagedBackend.sample(family, 1).endpoint)
    }

    @Test(
        "A full table drops what is new, counted, lets the rest go on, and keeps no halves", arguments: families, 4...7)
    func tableFull(_ family: IPFamily, _ limit: Int) throws {
        let stage = try PacketStage(connectionLimit: limit)
        let service = StagedService.sample(family, Transport.tcp, isMasqueraded: true)
        try stage.add(service)
        let client = StagedClient.outside(family)
        let before = try stage.converse(client, service)
        let action = try stage.refuse(StagedClient.outside(family, port: 1), service)
        #expect(action == TrafficAction.shot)
        let (drops, entries, load) = (try stage.dropCounts(), try stage.connections.count(), try stage.load())
        #expect(drops == [FW_DROP_TABLE_FULL.rawValue: 1])
        #expect(entries == 4)
        #expect(load == 1)
        let (used, full) = (try stage.used(), try stage.used(FW_FULL_CONNECTIONS))
        #expect([used, full] == [1, 1])
        let after = try stage.converse(client, service, { $0.tcpFlags = TCPFlags.ack }, answer: TCPFlags.ack)
        #expect(after.answered == before.answered)
    }

    @Test("A port that a client uses again for another backend leaves nothing of the first", arguments: families)
    func manyReuses(_ family: IPFamily) throws {
        let stage = try PacketStage(connectionLimit: 4)
        var service = StagedService.sample(family, Transport.tcp, isMasqueraded: true)
        service.backends.append(.sample(family, 1))
        try stage.add(service)
        let client = StagedClient.outside(family)
        for _ in 0..<200 {
            _ = try stage.converse(client, service)
            try stage.send(client, service, TCPFlags.rst)
        }
        let loads = [try stage.load(70), try stage.load(71)]
        #expect(loads == [0, 0])
        let connections = [try stage.counts(70).connections, try stage.counts(71).connections]
        #expect(connections == [100, 100])
    }
}
