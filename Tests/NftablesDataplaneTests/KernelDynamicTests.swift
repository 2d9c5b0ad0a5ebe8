import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import NftablesDataplane
import Testing

/// Packets through rules that change sets: what the tracer leaves in the fake's sets is what real packets
/// leave in the kernel's.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct KernelDynamicTests {
    @Test("Real packets leave the elements that traced ones leave", arguments: NftablesFamily.allCases)
    func packets(_ family: NftablesFamily) async throws {
        let packets = DynamicPackets(family)
        let kernel = try await Self.sendReal(packets)
        let fake = try Self.trace(packets)
        for set in packets.sets {
            let (read, traced) = (kernel[set.name] ?? [], fake.elements(ofSet: set.name))
            #expect(!traced.isEmpty, "\(set.name)")
            let differences = Set(read.map(KernelElementTests.withoutRest))
                .symmetricDifference(traced.map(KernelElementTests.withoutRest))
            #expect(differences.isEmpty, "\(set.name): \(differences.map { $0.text(in: set) })")
            // Time passes in the kernel only: what is left there is a little less.
            let rest = Dictionary(traced.map { ($0.key, $0.expirationMilliseconds) }) { first, _ in first }
            for element in read {
                guard let left = element.expirationMilliseconds else { continue }
                let expected = try #require(rest[element.key] ?? nil)
                #expect(left <= expected && left + 50_000 > expected, "\(element.text(in: set)): \(left), \(expected)")
            }
        }
    }

    @Test("A traced packet finds no element whose time is over") func expiry() throws {
        let packets = DynamicPackets(.ip)
        var fake = try Self.trace(packets)
        let before = fake.elements(ofSet: "aged").count
        fake.advance(milliseconds: 60_000)
        #expect(fake.elements(ofSet: "aged").count == before - 1, "the added one was not refreshed")
        fake.advance(milliseconds: 3_600_000)
        #expect(fake.elements(ofSet: "small").isEmpty)
        let packet = try Self.traced(packets, .init(address: 1, action: .update, value: 9))
        let walks = try PacketTracer(fake, localAddresses: [], checksPriority: false).walks(packet)
        let data = walks.flatMap { $0.table.elements(ofSet: "small").map(\.data) }
        #expect(data == [.value([9, 1])])
    }

    private static func trace(_ packets: DynamicPackets) throws -> FakeNftables {
        var fake = FakeNftables(family: packets.family)
        try fake.apply(
            [.addTable, .addChain(DynamicPackets.chain)] + packets.sets.map { .addSet($0) }
                + packets.rules.map { .addRule($0) })
        try fake.add(packets.agedElements, toSet: "aged")
        try fake.add(packets.rangeElements, toSet: "ranges")
        for packet in DynamicPackets.packets {
            let walks = try PacketTracer(fake, localAddresses: [], checksPriority: false).walks(try traced(packets, packet))
            #expect(walks.count == 1)
            #expect(walks[0].outcome == .untouched)
            fake = walks[0].table
        }
        return fake
    }

    private static func traced(_ packets: DynamicPackets, _ packet: DynamicPackets.Packet) throws -> TracedPacket {
        let address = packets.address(packet.address)
        return TracedPacket(
            from: address, to: address, try #require(PortNumber(packet.port)), .udp, on: nil)
    }

    /// Elements by set.
    private static func sendReal(_ packets: DynamicPackets) async throws -> [String: [NftablesElement]] {
        try await inFreshNamespace {
            let addresses = (1...5).map { "\(packets.address(UInt8($0)))" }
            try ip("link", "set", "lo", "up")
            if packets.family == .ip6 {
                for address in addresses { try ip("address", "add", "\(address)/128", "dev", "lo", "nodad") }
            }
            let socket = try NftablesSocket()
            var batch = NftablesBatch()
            try batch.addTable(packets.table)
            try batch.addChain(DynamicPackets.chain, to: packets.table)
            for set in packets.sets { try batch.addSet(set, to: packets.table) }
            try batch.addElements(packets.agedElements, to: packets.aged, in: packets.table)
            try batch.addElements(packets.rangeElements, to: packets.ranges, in: packets.table)
            for rule in packets.rules { try batch.addRule(rule, to: packets.table) }
            try socket.commit(batch)
            let sender = try Socket(.datagram, packets.family.ipFamily)
            for packet in DynamicPackets.packets {
                let peer = SocketAddress(packets.address(packet.address), port: packet.port)
                let bytes: [UInt8] = [1]
                guard try sender.sendDatagram(bytes.span, along: DatagramPath(peer: peer, local: nil)) else {
                    throw TestSupportError("the socket has no room for one byte")
                }
            }
            var elements: [String: [NftablesElement]] = [:]
            for set in packets.sets { elements[set.name] = try socket.elements(ofSet: set.name, in: packets.table) }
            return elements
        }
    }

    private static func ip(_ arguments: String...) throws {
        guard let path = toolPath("ip") else { throw TestSupportError("no `ip`: install iproute2") }
        let output = try ProcessRequest(path: path, arguments: arguments)
            .collectOutput(input: [], timeout: .seconds(20))
        guard output.status.isSuccess else { throw TestSupportError("ip \(arguments): \(output)") }
    }
}
