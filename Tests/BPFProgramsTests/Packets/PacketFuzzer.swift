import NetworkTypes
import RandomTesting

/// Packets near to valid ones: of clients, of backends, errors about both, in pieces; some bytes changed, cut or added,
/// and the checksums sometimes put right again.
struct PacketFuzzer {
    private var dice: SplitMix64
    /// What the backends were sent so far, for them to answer; the oldest make room.
    private var seen: [Flow] = []
    static let seenLimit = 256

    static let transports = [Transport.tcp, Transport.udp]

    init(seed: UInt64) { dice = SplitMix64(seed: seed) }

    static func frontend(_ family: IPFamily, port: UInt16) -> Endpoint {
        Endpoint(family == .ipv4 ? "10.96.0.10" : "fd00:96::a", port)
    }

    static func backend(_ family: IPFamily, _ number: Int) -> Endpoint {
        Endpoint(family == .ipv4 ? "10.244.3.\(number + 1)" : "fd00:244:3::\(number + 1)", 8080)
    }

    /// A packet, and the program it is given to.
    mutating func next() -> (frame: [UInt8], hook: PacketStage.Hook, isOwn: Bool) {
        var frame = plain()
        for _ in 0..<dice.roll(4) { mutate(&frame) }
        if dice.roll(3) > 0 { Self.settle(&frame) }
        return (frame, dice.roll(2) == 0 ? .ingress : .egress, dice.roll(8) == 0)
    }

    /// Tells what a program made of a packet: answers to it come up later.
    mutating func observe(_ flow: Flow) {
        guard Self.transports.contains(flow.transport) else { return }
        if seen.count < Self.seenLimit { seen.append(flow) } else { seen[dice.roll(Self.seenLimit)] = flow }
    }

    private mutating func plain() -> [UInt8] {
        let flow = dice.roll(2) == 0 || seen.isEmpty ? clientFlow() : seen[dice.roll(seen.count)]
        let turned = dice.roll(2) == 0 ? flow : flow.reversed
        let packet = recipe(turned)
        switch dice.roll(8) {
        case 0: return error(quoting: packet.packet(), about: turned)
        case 1: return ICMPMessage.echoRequest(flow.family).frame(from: flow.source.address, to: flow.destination.address)
        default: return packet.frame()
        }
    }

    private mutating func clientFlow() -> Flow {
        let family: IPFamily = dice.roll(2) == 0 ? .ipv4 : .ipv6
        let number = 1 + dice.roll(4)
        let client = Endpoint(family == .ipv4 ? "198.51.100.\(number)" : "2001:db8:c::\(number)", UInt16(40_000 + dice.roll(64)))
        let port: UInt16 = dice.roll(8) == 0 ? 82 : dice.roll(8) == 0 ? 81 : 80
        return Flow(client, to: Self.frontend(family, port: port), Self.transports[dice.roll(2)])
    }

    private mutating func recipe(_ flow: Flow) -> PacketRecipe {
        var recipe = PacketRecipe(flow)
        recipe.payload = (0..<dice.roll(90)).map { _ in UInt8(dice.roll(256)) }
        recipe.tcpFlags = [0x02, 0x12, 0x10, 0x11, 0x04, 0x18][dice.roll(6)]
        recipe.identification = UInt32(dice.roll(16))
        if flow.transport == Transport.udp, flow.family == .ipv4, dice.roll(8) == 0 { recipe.checksum = .absent }
        if dice.roll(16) == 0 { recipe.tags = [UInt16(dice.roll(4096))] }
        if dice.roll(16) == 0 { recipe.options = Array(repeating: 1, count: 4 * dice.roll(11)) }
        if dice.roll(16) == 0 { recipe.extensions = [(60, Array(repeating: 0, count: 8))] }
        let header = flow.transport == Transport.udp ? 8 : 20
        if dice.roll(12) == 0, recipe.payload.count > 32 {
            let isFirst = dice.roll(2) == 0
            recipe.fragment =
                isFirst
                ? .init(offset: 0, length: 24, isLast: false)
                : .init(offset: 24, length: recipe.payload.count + header - 24, isLast: true)
        }
        return recipe
    }

    private mutating func error(quoting packet: [UInt8], about flow: Flow) -> [UInt8] {
        let kinds = ICMPErrorTests.kinds
        let message = kinds[dice.roll(kinds.count)](flow.family, Array(packet.prefix(28 + dice.roll(80))))
        return message.frame(from: flow.destination.address, to: flow.source.address)
    }

    private mutating func mutate(_ frame: inout [UInt8]) {
        switch dice.roll(8) {
        case 0: frame.removeLast(dice.roll(max(1, frame.count - 34)))
        case 1: frame += (0..<dice.roll(40)).map { _ in UInt8(dice.roll(256)) }
        case 2, 3: frame[dice.roll(frame.count)] = UInt8(dice.roll(256))
        default:
            // Mostly where headers are.
            let offset = min(frame.count - 1, 14 + dice.roll(80))
            frame[offset] ^= 1 << UInt8(dice.roll(8))
        }
    }

    /// Computes the outer checksums anew.
    private static func settle(_ frame: inout [UInt8]) {
        guard let reading = PacketReading(frame: frame) else { return }
        let flow = reading.flow
        if let settled = Translation(flow, becomes: flow).packet(frame) { frame = settled }
    }
}

extension SplitMix64 {
    fileprivate mutating func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &self) }
}
