import BPF
import NetworkTypes
import Testing

/// Errors about packets of translated connections, against the plain reference.
struct ICMPErrorTests {
    struct Case: CustomTestStringConvertible {
        var family: IPFamily
        var transport: UInt8
        var isMasqueraded = true
        var isOwn = false
        var testDescription: String {
            "\(family) protocol \(transport)\(isMasqueraded ? " masqueraded" : "")\(isOwn ? " of the node" : "")"
        }
        var connection: StagedConnection {
            .sample(family, transport, isMasqueraded: isMasqueraded, isOwn: isOwn)
        }
    }

    static let cases: [Case] = [IPFamily.ipv4, .ipv6].flatMap { family in
        [Transport.tcp, Transport.udp].flatMap { transport in
            [
                Case(family: family, transport: transport), Case(family: family, transport: transport, isMasqueraded: false),
                Case(family: family, transport: transport, isMasqueraded: false, isOwn: true),
            ]
        }
    }

    typealias Kind = @Sendable (IPFamily, [UInt8]) -> ICMPMessage
    static let kinds: [Kind] = [
        { .tooBig($0, mtu: 1400, quoting: $1) }, { .portUnreachable($0, quoting: $1) },
        { .timeExceeded($0, quoting: $1) }, { .parameterProblem($0, quoting: $1) },
    ]

    static func router(_ family: IPFamily) -> IPAddress {
        family == .ipv4 ? .literal("203.0.113.254") : .literal("2001:db8:f::fe")
    }

    /// An error that travels the way of the role's packets: it is about one of the other direction.
    static func error(
        _ translation: Translation, _ kind: Kind, from source: IPAddress? = nil,
        _ change: (inout PacketRecipe) -> Void = { _ in }, cut: Int? = nil
    ) -> [UInt8] {
        var recipe = PacketRecipe(translation.from.reversed)
        change(&recipe)
        let quoted = recipe.packet()
        let family = translation.from.family
        return kind(family, Array(quoted.prefix(cut ?? quoted.count)))
            .frame(from: source ?? router(family), to: translation.from.destination.address)
    }

    @Test("An error is translated with its quotation, wherever packets that go its way are", arguments: cases)
    func translated(_ one: Case) throws {
        let stage = try PacketStage()
        let connection = one.connection
        try stage.add(connection)
        for role in connection.roles where !(one.isOwn && role == .forward) {
            let translation = connection.translation(role)
            for kind in Self.kinds {
                for source in [Self.router(one.family), translation.from.source.address] {
                    let frame = Self.error(translation, kind, from: source)
                    let expected = try #require(translation.icmpError(frame))
                    let result = try stage.run(connection.hook(role), frame)
                    #expect(result.returnValue == TrafficAction.unspecified, "\(role) from \(source)")
                    #expect(result.packet == expected, "\(role) from \(source)")
                    let faults = PacketReading(frame: result.packet)?.checksumFaults
                    #expect(faults == [], "\(role) from \(source)")
                }
            }
        }
        let drops = try stage.dropCounts()
        #expect(drops == [:])
    }

    @Test(
        "An error that quotes the eight bytes it must is translated, with options and extension headers too",
        arguments: cases)
    func shortQuotations(_ one: Case) throws {
        let stage = try PacketStage()
        let connection = one.connection
        try stage.add(connection)
        let translation = connection.translation(.reply)
        let header = one.family == .ipv4 ? 20 : 40
        for extra in [0, 8, 24] {
            let change: (inout PacketRecipe) -> Void = { recipe in
                guard extra > 0 else { return }
                recipe.options = Array(repeating: 1, count: extra)
                recipe.extensions = [(60, [0, UInt8(extra / 8 - 1)] + Array(repeating: 0, count: extra - 2))]
            }
            for cut in [8, 9, 17, 18, 20, 27] {
                let frame = Self.error(translation, Self.kinds[0], change, cut: header + extra + cut)
                let expected = try #require(translation.icmpError(frame))
                let result = try stage.run(connection.hook(.reply), frame)
                #expect(result.packet == expected, "\(extra) bytes of options, \(cut) of transport")
            }
        }
    }

    @Test("A quoted packet without UDP checksum keeps none", arguments: [IPFamily.ipv4])
    func noChecksum(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let connection = StagedConnection.sample(family, Transport.udp)
        try stage.add(connection)
        let translation = connection.translation(.reply)
        let frame = Self.error(translation, Self.kinds[1], { $0.checksum = .absent })
        let result = try stage.run(.egress, frame)
        #expect(result.packet == translation.icmpError(frame))
        let field = PacketReading(frame: result.packet)?.quotation.map { $0.word($0.transport + 6) as UInt16 }
        #expect(field == 0)
    }

    @Test("An error behind a VLAN tag is translated", arguments: [IPFamily.ipv4, .ipv6])
    func tagged(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let connection = StagedConnection.sample(family, Transport.tcp)
        try stage.add(connection)
        let translation = connection.translation(.forward)
        let plain = Self.error(translation, Self.kinds[0])
        let tag: [UInt8] = [0x81, 0, 0, 42]
        let expected = try #require(translation.icmpError(plain))
        let result = try stage.run(.ingress, plain[..<12] + tag + plain[12...])
        #expect(result.packet == expected[..<12] + tag + expected[12...])
    }
}
