import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// Packets in pieces: the first has the ports, all have to go the same way.
struct FragmentTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    private func fragments(_ flow: Flow, identification: UInt32 = 0x77) -> [[UInt8]] {
        var recipe = PacketRecipe(flow)
        recipe.payload = (0..<100).map { UInt8($0) }
        recipe.identification = identification
        let cuts = [0, 24, 64, recipe.payload.count + (flow.transport == Transport.udp ? 8 : 20)]
        return (0..<3).map { index in
            recipe.fragment = .init(
                offset: cuts[index], length: cuts[index + 1] - cuts[index], isLast: index == 2)
            return recipe.frame()
        }
    }

    @Test("Fragments of a connection are translated, in order and later ones twice", arguments: families, [Transport.udp, Transport.tcp])
    func translated(_ family: IPFamily, _ transport: UInt8) throws {
        let stage = try PacketStage()
        let connection = StagedConnection.sample(family, transport)
        try stage.add(connection)
        for role in connection.roles {
            let translation = connection.translation(role)
            let frames = fragments(translation.from)
            for index in [0, 1, 2, 1] {
                let result = try stage.run(connection.hook(role), frames[index])
                #expect(result.returnValue == TrafficAction.unspecified, "\(role), fragment \(index)")
                #expect(result.packet == translation.packet(frames[index]), "\(role), fragment \(index)")
            }
        }
    }

    @Test("What the pieces of a translated datagram make together has a right checksum", arguments: families)
    func together(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let connection = StagedConnection.sample(family, Transport.udp)
        try stage.add(connection)
        let translation = connection.translation(.forward)
        var bytes: [UInt8] = []
        for frame in fragments(translation.from) {
            let read = try #require(PacketReading(frame: try stage.run(.ingress, frame).packet))
            bytes += read.bytes[read.transport..<read.end]
        }
        let sum = InternetChecksum.add(
            InternetChecksum.sum(bytes), InternetChecksum.pseudoHeader(translation.to, length: bytes.count))
        #expect(sum == 0xffff)
    }

    @Test("A later fragment without its first is dropped at a Service's address, and passes anywhere else", arguments: families)
    func withoutFirst(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let connection = StagedConnection.sample(family, Transport.udp)
        try stage.add(connection)
        try stage.addFrontend(connection.frontend, Transport.udp, service: 7, FW_PASS)
        let lost = fragments(connection.translation(.forward).from)[1]
        let dropped = try stage.run(.ingress, lost)
        #expect(dropped.returnValue == TrafficAction.shot)
        let other = fragments(connection.translation(.reply).from)[1]
        let passed = try stage.run(.egress, other)
        #expect(passed.returnValue == TrafficAction.unspecified)
        #expect(passed.packet == other)
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_FRAGMENT.rawValue: 1])
    }

    @Test("A fragment finds the first of its own datagram only", arguments: families)
    func identification(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let connection = StagedConnection.sample(family, Transport.udp)
        try stage.add(connection)
        let flow = connection.translation(.reply).from
        _ = try stage.run(.egress, fragments(flow, identification: 1)[0])
        let other = fragments(flow, identification: 2)[1]
        let result = try stage.run(.egress, other)
        #expect(result.packet == other)
    }

    @Test("A first fragment of long ago is not taken", arguments: families)
    func stale(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let connection = StagedConnection.sample(family, Transport.udp)
        try stage.add(connection)
        let frames = fragments(connection.translation(.reply).from)
        _ = try stage.run(.egress, frames[0])
        for entry in try stage.fragments.all() {
            var value = entry.value
            value.seen &-= 31 * 1_000_000_000
            try stage.fragments.update(entry.key, value)
        }
        let result = try stage.run(.egress, frames[1])
        #expect(result.packet == frames[1])
    }
}
