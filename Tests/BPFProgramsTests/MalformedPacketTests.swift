import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// Headers that are cut, or lie about lengths.
struct MalformedPacketTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    private func stage(_ connection: StagedConnection) throws -> PacketStage {
        let stage = try PacketStage()
        try stage.add(connection)
        try stage.addFrontend(connection.frontend, connection.transport, service: 7, FW_REJECT)
        return stage
    }

    /// Packets of a connection's forward direction, one for each kind of header.
    private static func packets(_ connection: StagedConnection) -> [[UInt8]] {
        let translation = connection.translation(.forward)
        var tagged = PacketRecipe(translation.from)
        tagged.tags = [7, 8]
        var long = PacketRecipe(translation.from)
        long.options = Array(repeating: 1, count: 40)
        long.extensions = [
            (0, [0, 1] + Array(repeating: 0, count: 14)), (43, Array(repeating: 0, count: 8)),
            (60, Array(repeating: 0, count: 8)),
        ]
        var piece = PacketRecipe(translation.from)
        piece.fragment = .init(offset: 0, length: 24, isLast: false)
        let error = ICMPErrorTests.error(translation, ICMPErrorTests.kinds[0])
        return [PacketRecipe(translation.from).frame(), tagged.frame(), long.frame(), piece.frame(), error]
    }

    /// Linux does not test-run a frame whose IP header is not whole.
    private func run(_ stage: borrowing PacketStage, _ hook: PacketStage.Hook, _ frame: [UInt8]) throws -> BPFTestResult? {
        let isIPv6 = frame[12] == 0x86
        do { return try stage.run(hook, frame) } catch let error as BPFError where frame.count < (isIPv6 ? 54 : 34) {
            #expect(error.errno == 22)
            return nil
        }
    }

    @Test(
        "A packet cut anywhere is not rewritten; to a Service's address it is dropped and counted", arguments: families,
        [Transport.tcp, Transport.udp])
    func cut(_ family: IPFamily, _ transport: UInt8) throws {
        let connection = StagedConnection.sample(family, transport)
        let stage = try stage(connection)
        var expected: UInt64 = 0
        for packet in Self.packets(connection) {
            let network = try #require(PacketReading(frame: packet)).network
            for length in 14..<packet.count {
                let frame = Array(packet[..<length])
                let showsAddress = length >= network + (family == .ipv4 ? 20 : 40)
                for hook in PacketStage.Hook.allCases {
                    guard let result = try run(stage, hook, frame) else { continue }
                    let action = showsAddress ? TrafficAction.shot : TrafficAction.unspecified
                    #expect(result.returnValue == action, "\(length) of \(packet.count) bytes, \(hook)")
                    #expect(result.packet == frame, "\(length) of \(packet.count) bytes, \(hook)")
                    if showsAddress { expected += 1 }
                }
            }
        }
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_MALFORMED.rawValue: expected])
    }

    @Test("Cut packets to addresses of nobody here pass as they are", arguments: families)
    func cutElsewhere(_ family: IPFamily) throws {
        let stage = try PacketStage()
        for packet in Self.packets(.sample(family, Transport.tcp)) {
            for length in 14..<packet.count {
                let frame = Array(packet[..<length])
                for hook in PacketStage.Hook.allCases {
                    guard let result = try run(stage, hook, frame) else { continue }
                    #expect(result.returnValue == TrafficAction.unspecified)
                    #expect(result.packet == frame)
                }
            }
        }
        let drops = try stage.dropCounts()
        #expect(drops == [:])
    }

    @Test("Lengths that contradict the packet are dropped and counted", arguments: families)
    func lies(_ family: IPFamily) throws {
        let connection = StagedConnection.sample(family, Transport.tcp)
        let datagrams = StagedConnection.sample(family, Transport.udp)
        let stage = try stage(connection)
        let segment = PacketRecipe(connection.translation(.forward).from).frame()
        let datagram = PacketRecipe(datagrams.translation(.forward).from).frame()
        let transport = family == .ipv4 ? 34 : 54
        var lies: [(String, [UInt8])] = []
        func lie(_ what: String, _ frame: [UInt8], _ offset: Int, _ bytes: [UInt8]) {
            var frame = frame
            frame.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            lies.append((what, frame))
        }
        lie("version", segment, 14, [0x15])
        lie("TCP header too short", segment, transport + 12, [0x40])
        lie("TCP header beyond the end", segment, transport + 12, [0xf0])
        lie("UDP length too small", datagram, transport + 4, [0, 7])
        lie("UDP length beyond the end", datagram, transport + 4, [0xff, 0xff])
        if family == .ipv4 {
            lie("header too short", segment, 14, [0x44])
            lie("header beyond the end", segment, 14, [0x4f])
            lie("length less than the header", segment, 16, [0, 19])
            lie("length beyond the end", segment, 16, [0xff, 0])
        } else {
            lie("length beyond the end", segment, 18, [0xff, 0])
            lie("no room for the transport header", segment, 18, [0, 4])
        }
        for (what, frame) in lies {
            let before = try stage.drops.sum(FW_DROP_MALFORMED.rawValue) ?? 0
            let result = try stage.run(.ingress, frame)
            #expect(result.returnValue == TrafficAction.shot, "\(what)")
            let after = try stage.drops.sum(FW_DROP_MALFORMED.rawValue)
            #expect(after == before + 1, "\(what)")
        }
    }

    @Test("A chain of extension headers longer than is walked is dropped and counted")
    func longChain() throws {
        let connection = StagedConnection.sample(.ipv6, Transport.tcp)
        let stage = try stage(connection)
        for count in [8, 9, 30] {
            var recipe = PacketRecipe(connection.translation(.forward).from)
            recipe.extensions = Array(repeating: (60, [UInt8](repeating: 0, count: 8)), count: count)
            let result = try stage.run(.ingress, recipe.frame())
            #expect(result.returnValue == (count == 8 ? TrafficAction.unspecified : TrafficAction.shot), "\(count) headers")
        }
        let drops = try stage.dropCounts()
        #expect(drops == [FW_DROP_MALFORMED.rawValue: 2])
    }
}
