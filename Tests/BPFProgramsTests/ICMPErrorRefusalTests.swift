import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// Errors that are not translated: they leave as they came, or not at all.
struct ICMPErrorRefusalTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    private func stage(_ connection: StagedConnection) throws -> PacketStage {
        let stage = try PacketStage()
        try stage.add(connection)
        return stage
    }

    @Test("Where packets of its direction are not translated, an error is not", arguments: families)
    func otherHook(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.tcp)
        let stage = try stage(connection)
        for role in connection.roles {
            let frame = ICMPErrorTests.error(connection.translation(role), ICMPErrorTests.kinds[0])
            let hook: PacketStage.Hook = connection.hook(role) == .ingress ? .egress : .ingress
            let result = try stage.run(hook, frame)
            #expect(result.returnValue == TrafficAction.unspecified, "\(role)")
            #expect(result.packet == frame, "\(role)")
        }
    }

    @Test("An error about a connection that is not known passes unchanged", arguments: families)
    func unknown(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let frame = ICMPErrorTests.error(
            StagedConnection.sample(family, Transport.tcp).translation(.reply), ICMPErrorTests.kinds[0])
        for hook in PacketStage.Hook.allCases {
            let result = try stage.run(hook, frame)
            #expect(result.packet == frame)
            #expect(result.returnValue == TrafficAction.unspecified)
        }
    }

    @Test("An error addressed to someone else than it quotes passes unchanged", arguments: families)
    func strayAddress(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.udp)
        let stage = try stage(connection)
        let quoted = PacketRecipe(connection.translation(.reply).from.reversed).packet()
        let router = ICMPErrorTests.router(family)
        let frame = ICMPMessage.portUnreachable(family, quoting: quoted).frame(from: router, to: router)
        let result = try stage.run(.egress, frame)
        #expect(result.packet == frame)
    }

    @Test("A quoted later fragment has no ports: the error passes unchanged", arguments: families)
    func laterFragment(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.udp)
        let stage = try stage(connection)
        let frame = ICMPErrorTests.error(
            connection.translation(.reply), ICMPErrorTests.kinds[2],
            { $0.fragment = .init(offset: 8, length: 16, isLast: true) })
        let result = try stage.run(.egress, frame)
        #expect(result.packet == frame)
    }

    @Test("With less than eight bytes of transport header the error passes unchanged", arguments: families)
    func tooShort(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.tcp)
        let stage = try stage(connection)
        for cut in 0..<(family == .ipv4 ? 28 : 48) {
            let frame = ICMPErrorTests.error(connection.translation(.reply), ICMPErrorTests.kinds[0], cut: cut)
            let result = try stage.run(.egress, frame)
            #expect(result.packet == frame, "\(cut) bytes quoted")
        }
    }

    @Test("A redirect about a translated connection is dropped and counted")
    func redirect() throws {
        let connection = StagedConnection.sample(.ipv4, Transport.tcp)
        let stage = try stage(connection)
        let frame = ICMPErrorTests.error(
            connection.translation(.reply), { _, body in ICMPMessage(type: 5, code: 1, rest: 0x0a00_0001, body: body) })
        let result = try stage.run(.egress, frame)
        #expect(result.returnValue == TrafficAction.shot)
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_POLICY.rawValue: 1])
    }

    @Test("A wrong checksum stays wrong", arguments: families)
    func wrongChecksum(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.tcp)
        let stage = try stage(connection)
        let translation = connection.translation(.reply)
        var frame = ICMPErrorTests.error(translation, ICMPErrorTests.kinds[0])
        let field = try #require(PacketReading(frame: frame)?.checksumField)
        frame[field] ^= 0x5a
        let result = try stage.run(.egress, frame)
        let read = try #require(PacketReading(frame: result.packet))
        #expect(read.quotation?.flow == translation.to.reversed)
        #expect(read.checksumFaults.count == 1)
    }
}
