import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// The flows that one packet of a client and its answer are, on their way through the node.
struct PacketConversation {
    var asked: Flow
    /// Behind the ingress program.
    var middle: Flow
    /// Behind the egress program.
    var beyond: Flow
    /// The answer, behind the egress program.
    var answered: Flow
}

extension PacketStage {
    /// Runs a packet that is to go on, and holds what comes out against the plain reference: it is the same packet
    /// but for its flow, all its checksums right.
    borrowing func pass(
        _ hook: Hook, _ frame: [UInt8], isOwn: Bool = false, returning action: UInt32 = TrafficAction.unspecified,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> [UInt8] {
        let result = try run(hook, frame, isOwn: isOwn)
        #expect(result.returnValue == action, sourceLocation: location)
        let before = try #require(PacketReading(frame: frame), sourceLocation: location)
        let after = try #require(PacketReading(frame: result.packet), sourceLocation: location)
        #expect(after.checksumFaults == [], sourceLocation: location)
        let expected = Translation(before.flow, becomes: after.flow).packet(frame)
        #expect(result.packet == expected, sourceLocation: location)
        return result.packet
    }

    /// Sends a client's packet through the node, and one in answer to it back.
    borrowing func converse(
        _ client: Endpoint, _ service: StagedService, _ change: (inout PacketRecipe) -> Void = { _ in },
        answer flags: UInt8 = TCPFlags.synAck, _ location: SourceLocation = #_sourceLocation
    ) throws -> PacketConversation {
        var recipe = PacketRecipe(Flow(client, to: service.frontend, service.transport))
        change(&recipe)
        let middle = try pass(.ingress, recipe.frame(), location)
        let beyond = try pass(.egress, middle, location)
        let sent = try #require(PacketReading(frame: beyond)?.flow)
        let answered = try answer(sent, flags, change, location)
        return PacketConversation(
            asked: recipe.flow, middle: try #require(PacketReading(frame: middle)?.flow), beyond: sent, answered: answered)
    }

    /// What the answer to a packet that left the node arrives as.
    @discardableResult
    borrowing func answer(
        _ beyond: Flow, _ flags: UInt8 = TCPFlags.synAck, _ change: (inout PacketRecipe) -> Void = { _ in },
        _ location: SourceLocation = #_sourceLocation
    ) throws -> Flow {
        var recipe = PacketRecipe(beyond.reversed)
        change(&recipe)
        recipe.tcpFlags = flags
        let middle = try pass(.ingress, recipe.frame(), location)
        return try #require(PacketReading(frame: try pass(.egress, middle, location))?.flow)
    }

    /// A client's packet at ingress; its flow behind the program.
    @discardableResult
    borrowing func send(
        _ client: Endpoint, _ service: StagedService, _ flags: UInt8 = TCPFlags.syn,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> Flow {
        var recipe = PacketRecipe(Flow(client, to: service.frontend, service.transport))
        recipe.tcpFlags = flags
        return try #require(PacketReading(frame: try pass(.ingress, recipe.frame(), location))?.flow)
    }

    /// What becomes of a client's packet that must not go on.
    borrowing func refuse(_ client: Endpoint, _ service: StagedService, _ flags: UInt8 = TCPFlags.syn) throws -> UInt32 {
        var recipe = PacketRecipe(Flow(client, to: service.frontend, service.transport))
        recipe.tcpFlags = flags
        return try run(.ingress, recipe.frame()).returnValue
    }

    /// The forward entry of a client's connection.
    borrowing func connection(_ client: Endpoint, _ service: StagedService) throws -> fw_connection? {
        try connections.lookup(fw_tuple(Flow(client, to: service.frontend, service.transport)))
    }

    borrowing func load(_ backend: UInt32 = 70) throws -> UInt64? { try loads.lookup(backend)?.connections }

    borrowing func used(_ which: fw_usage = FW_USED_CONNECTIONS) throws -> UInt64? { try usage.lookup(which.rawValue) }

    /// Sums of a backend's counters.
    borrowing func counts(_ backend: UInt32 = 70) throws -> fw_counters {
        try (counters.lookup(backend) ?? []).reduce(into: fw_counters()) {
            $0.connections += $1.connections
            $0.packets_in += $1.packets_in
            $0.packets_out += $1.packets_out
            $0.bytes_in += $1.bytes_in
            $0.bytes_out += $1.bytes_out
        }
    }
}

enum TCPFlags {
    static let fin: UInt8 = 0x11
    static let syn: UInt8 = 0x02
    static let rst: UInt8 = 0x14
    static let synAck: UInt8 = 0x12
    static let ack: UInt8 = 0x10
}
