import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// Packets that nobody takes, answered with port unreachable.
struct RejectTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    private func stage(_ connection: StagedConnection) throws -> PacketStage {
        let stage = try PacketStage()
        try stage.addFrontend(connection.frontend, connection.transport, service: 7, FW_REJECT)
        return stage
    }

    private func asked(_ connection: StagedConnection) -> Flow {
        Flow(connection.client, to: connection.frontend, connection.transport)
    }

    /// Everything an answer has to be, whatever it answers.
    private func check(_ answer: [UInt8], to frame: [UInt8], _ family: IPFamily) throws {
        let question = try #require(PacketReading(frame: frame))
        let read = try #require(PacketReading(frame: answer))
        #expect(read.end == answer.count)
        #expect(read.flow.source.address == question.flow.destination.address)
        #expect(read.flow.destination.address == question.flow.source.address)
        #expect(read.icmpType == (family == .ipv4 ? 3 : 1))
        #expect(answer[read.transport + 1] == (family == .ipv4 ? 3 : 4))
        #expect(read.checksumFaults == [])
        #expect(Array(answer[0..<6]) == Array(frame[6..<12]))
        #expect(Array(answer[6..<12]) == Array(frame[0..<6]))
        #expect(answer[12..<read.network] == frame[12..<question.network])
        let limit = family == .ipv4 ? 576 - 28 : 1280 - 48
        let quoted = min(question.end - question.network, limit)
        #expect(answer.count == read.transport + 8 + quoted)
        #expect(Array(answer[(read.transport + 8)...]) == Array(frame[question.network..<question.network + quoted]))
    }

    @Test("A frontend without endpoints answers, to both hooks", arguments: families, [Transport.tcp, Transport.udp])
    func withoutEndpoints(_ family: IPFamily, _ transport: UInt8) throws {
        let connection = StagedConnection.sample(family, transport)
        let stage = try stage(connection)
        for size in [0, 1, 7, 20, 519, 520, 521, 1200, 1203, 1204, 1205, 1400] {
            var recipe = PacketRecipe(asked(connection))
            recipe.payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let frame = recipe.frame()
            for (hook, isOwn) in [(PacketStage.Hook.ingress, false), (.egress, true)] {
                let result = try stage.run(hook, frame, isOwn: isOwn)
                #expect(result.returnValue == TrafficAction.redirect, "\(size) bytes")
                try check(result.packet, to: frame, family)
            }
        }
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_REJECTED.rawValue: 24])
    }

    @Test("Another port of a ClusterIP and an echo request are answered as a frontend without endpoints is", arguments: families)
    func clusterIP(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.tcp)
        let stage = try stage(connection)
        var flow = asked(connection)
        flow.destination.port = 81
        let echo = ICMPMessage.echoRequest(family).frame(from: flow.source.address, to: flow.destination.address)
        for frame in [PacketRecipe(flow).frame(), echo] {
            let result = try stage.run(.ingress, frame)
            #expect(result.returnValue == TrafficAction.redirect)
            try check(result.packet, to: frame, family)
        }
    }

    @Test("Options and extension headers are quoted, a padded frame's padding is not", arguments: families)
    func options(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.udp)
        let stage = try stage(connection)
        var recipe = PacketRecipe(asked(connection))
        recipe.options = [1, 1, 1, 1]
        recipe.extensions = [(60, [0, 0, 1, 4, 0, 0, 0, 0])]
        let frame = recipe.frame()
        for padding in [0, 1, 6] {
            let result = try stage.run(.ingress, frame + Array(repeating: 0xaa, count: padding))
            #expect(result.returnValue == TrafficAction.redirect)
            try check(result.packet, to: frame, family)
        }
    }

    @Test("A checksum left to the device is quoted so that the device cannot spoil the answer", arguments: families, [Transport.tcp, Transport.udp])
    func unfinishedChecksum(_ family: IPFamily, _ transport: UInt8) throws {
        let connection = StagedConnection.sample(family, transport)
        let stage = try stage(connection)
        for size in 0..<64 {
            var recipe = PacketRecipe(asked(connection))
            recipe.checksum = .unfinished
            recipe.payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 91 &+ size) }
            let result = try stage.run(.ingress, recipe.frame())
            #expect(result.returnValue == TrafficAction.redirect)
            let read = try #require(PacketReading(frame: result.packet))
            let quoted = try #require(read.quotation)
            // The quotation is whole, and its checksum not the packet's: that fault alone.
            #expect(read.checksumFaults == quoted.checksumFaults)
            let field = try #require(quoted.checksumField)
            let filled = ~InternetChecksum.sum(result.packet[quoted.transport..<quoted.end])
            #expect(quoted.word(field) == (filled == 0 ? 0xffff : filled), "\(size) bytes")
        }
    }
}
