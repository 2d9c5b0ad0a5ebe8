import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// What is rejected and never answered (RFC 1122, 3.2.2; RFC 4443, 2.4 e), and how many answers there are.
struct RejectRefusalTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    private func stage(_ connection: StagedConnection) throws -> PacketStage {
        let stage = try PacketStage()
        try stage.addFrontend(connection.frontend, connection.transport, service: 7, FW_REJECT)
        return stage
    }

    private func recipe(_ connection: StagedConnection) -> PacketRecipe {
        PacketRecipe(Flow(connection.client, to: connection.frontend, connection.transport))
    }

    @Test("No error is answered", arguments: families)
    func errors(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.tcp)
        let stage = try stage(connection)
        let quoted = PacketRecipe(Flow(connection.frontend, to: connection.client, Transport.tcp)).packet()
        for kind in ICMPErrorTests.kinds {
            let frame = kind(family, quoted).frame(from: connection.client.address, to: connection.frontend.address)
            let result = try stage.run(.ingress, frame)
            #expect(result.returnValue == TrafficAction.shot)
            #expect(result.packet == frame)
        }
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_UNANSWERED.rawValue: 4])
    }

    @Test(
        "Sources that are no single host are not answered",
        arguments: ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "ff02::1"])
    func sources(_ source: String) throws {
        let address = IPAddress.literal(source)
        let connection = StagedConnection.sample(address.family, Transport.udp)
        let stage = try stage(connection)
        var recipe = recipe(connection)
        recipe.flow.source.address = address
        let result = try stage.run(.ingress, recipe.frame())
        #expect(result.returnValue == TrafficAction.shot)
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_UNANSWERED.rawValue: 1])
    }

    @Test(
        "A frame sent to many is not answered",
        arguments: [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [1, 0, 0x5e, 0, 0, 1]] as [[UInt8]])
    func frames(_ destination: [UInt8]) throws {
        let connection = StagedConnection.sample(.ipv4, Transport.udp)
        let stage = try stage(connection)
        let frame = destination + recipe(connection).frame()[6...]
        let result = try stage.run(.ingress, frame)
        #expect(result.returnValue == TrafficAction.shot)
        #expect(result.packet == frame)
    }

    @Test("A frame for another machine is left alone, whatever it asks for", arguments: [FW_REJECT, FW_DROP])
    func otherMachine(_ verdict: fw_action) throws {
        let connection = StagedConnection.sample(.ipv4, Transport.udp)
        let stage = try PacketStage()
        try stage.addFrontend(connection.frontend, connection.transport, service: 7, verdict)
        let frame = [2, 9, 9, 9, 9, 9] + recipe(connection).frame()[6...]
        let result = try stage.run(.ingress, frame)
        #expect(result.returnValue == TrafficAction.unspecified)
        let drops = try stage.dropCounts()
        #expect(drops == [:])
    }

    @Test("Of fragments the first is answered, a later one not", arguments: families)
    func fragments(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.udp)
        let stage = try stage(connection)
        var recipe = recipe(connection)
        recipe.payload = Array(repeating: 5, count: 64)
        recipe.fragment = .init(offset: 0, length: 32, isLast: false)
        let first = try stage.run(.ingress, recipe.frame())
        #expect(first.returnValue == TrafficAction.redirect)
        recipe.fragment = .init(offset: 32, length: 40, isLast: true)
        let later = try stage.run(.ingress, recipe.frame())
        #expect(later.returnValue == TrafficAction.shot)
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_REJECTED.rawValue: 1, FW_DROP_UNANSWERED.rawValue: 1])
    }

    @Test("A packet with a wrong checksum is not answered", arguments: families, [Transport.tcp, Transport.udp])
    func checksums(_ family: IPFamily, _ transport: UInt8) throws {
        let connection = StagedConnection.sample(family, transport)
        let stage = try stage(connection)
        for size in [0, 1, 100, 1400] {
            var recipe = recipe(connection)
            recipe.checksum = .wrong
            recipe.payload = Array(repeating: 0x33, count: size)
            let result = try stage.run(.ingress, recipe.frame())
            #expect(result.returnValue == TrafficAction.shot, "\(size) bytes")
        }
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_MALFORMED.rawValue: 4])
    }

    @Test("A UDP packet without checksum is answered")
    func noChecksum() throws {
        let connection = StagedConnection.sample(.ipv4, Transport.udp)
        let stage = try stage(connection)
        var recipe = recipe(connection)
        recipe.checksum = .absent
        let result = try stage.run(.ingress, recipe.frame())
        #expect(result.returnValue == TrafficAction.redirect)
    }

    @Test("Beyond the budget packets are dropped and counted, and answers come again")
    func budget() throws {
        let connection = StagedConnection.sample(.ipv4, Transport.udp)
        let stage = try stage(connection)
        let frame = recipe(connection).frame()
        // As if answers of an hour had been given, on every processor.
        try stage.spendRejects(until: .seconds(3600))
        let refused = try stage.run(.ingress, frame)
        #expect(refused.returnValue == TrafficAction.shot)
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_REJECT_LIMITED.rawValue: 1])
        try stage.spendRejects(until: .zero)
        let answered = try stage.run(.ingress, frame)
        #expect(answered.returnValue == TrafficAction.redirect)
    }
}
