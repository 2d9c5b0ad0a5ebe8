import BPF
import CBPFMaps
import NetworkTypes
import Testing

/// The sweep through the connections.
struct MaintenanceTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]

    /// Connections in every state: new, established, closing and closed TCP, and UDP; by idle seconds allowed.
    private func populate(_ stage: borrowing PacketStage, _ family: IPFamily) throws -> [UInt32: Int] {
        let tcp = StagedService.sample(family, Transport.tcp, isMasqueraded: true)
        var udp = StagedService.sample(family, Transport.udp)
        (udp.id, udp.backends[0].id) = (8, 71)
        try stage.add(tcp)
        try stage.add(udp)
        let port = { StagedClient.outside(family, port: $0) }
        _ = try stage.send(port(1001), tcp)
        for client in [UInt16(1002), 1003, 1004] { _ = try stage.converse(port(client), tcp) }
        try stage.send(port(1003), tcp, TCPFlags.fin)
        try stage.send(port(1004), tcp, TCPFlags.rst)
        _ = try stage.converse(port(1005), udp)
        return [60: 1, 120: 2, 180: 1, 86_400: 1]
    }

    @Test("A sweep just now ends nothing", arguments: families)
    func nothingDue(_ family: IPFamily) throws {
        let stage = try PacketStage()
        _ = try populate(stage, family)
        let sweep = try stage.sweep()
        #expect(sweep.entries == 5)
        #expect(sweep.ended == 0)
        let (entries, used) = (try stage.connections.count(), try stage.used())
        #expect(entries == 4 * 4 + 2)
        #expect(used == 5)
        let ages = sweep.histogram
        #expect(ages.reduce(0, +) == 5)
    }

    @Test("Each state expires after its own time, and gives back what it counted", arguments: families)
    func expiry(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let due = try populate(stage, family)
        var left: UInt64 = 5
        for (seconds, count) in due.sorted(by: { $0.key < $1.key }) {
            let early = try stage.sweep(after: .seconds(Int(seconds) - 1))
            #expect(early.ended == 0, "after \(seconds - 1) s")
            let late = try stage.sweep(after: .seconds(Int(seconds) + 1))
            #expect(late.ended == UInt64(count), "after \(seconds + 1) s")
            left -= UInt64(count)
            let used = try stage.used()
            #expect(used == left)
        }
        let (entries, expired) = (try stage.connections.count(), try stage.used(FW_EXPIRED))
        #expect(entries == 0)
        #expect(expired == 5)
        let loads = [try stage.load(70), try stage.load(71)]
        #expect(loads == [0, 0])
    }

    @Test("Eviction ends what was not seen since, whatever its state", arguments: families)
    func eviction(_ family: IPFamily) throws {
        let stage = try PacketStage()
        _ = try populate(stage, family)
        let spared = try stage.sweep(olderThan: 1)
        #expect(spared.ended == 0)
        let evicted = try stage.sweep(olderThan: .max)
        #expect(evicted.ended == 5)
        let (entries, evictions, used) = (try stage.connections.count(), try stage.used(FW_EVICTED), try stage.used())
        #expect(entries == 0)
        #expect([evictions, used] == [5, 0])
        let loads = [try stage.load(70), try stage.load(71)]
        #expect(loads == [0, 0])
    }

    @Test("Idle times are told apart by powers of two milliseconds", arguments: families)
    func ages(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let service = StagedService.sample(family, Transport.tcp)
        try stage.add(service)
        let client = StagedClient.outside(family)
        _ = try stage.converse(client, service)
        let seen = try #require(try stage.connection(client, service)).seen
        for (milliseconds, bucket) in [(UInt64(0), 0), (1, 0), (2, 1), (3, 1), (4, 2), (1000, 9), (1024, 10), (80_000_000, 26)] {
            let sweep = try stage.sweep(at: seen + milliseconds * 1_000_000)
            let ages = sweep.histogram
            #expect(ages.firstIndex(of: 1) == bucket, "\(milliseconds) ms")
        }
    }

    @Test("Eviction spares established TCP when asked to, and ends no more than asked", arguments: families)
    func sparing(_ family: IPFamily) throws {
        let stage = try PacketStage()
        _ = try populate(stage, family)
        let one = try stage.sweep(olderThan: .max, most: 1, spares: true)
        #expect(one.ended == 1)
        let others = try stage.sweep(olderThan: .max, spares: true)
        // New and closed TCP and UDP; the established one and the one that is half closed stay.
        #expect(others.ended == 2)
        let used = try stage.used()
        #expect(used == 2)
        let rest = try stage.sweep(olderThan: .max)
        #expect(rest.ended == 2)
    }

    @Test("A gone backend's connections and sockets end, nobody else's", arguments: families)
    func goneBackend(_ family: IPFamily) throws {
        let stage = try PacketStage()
        _ = try populate(stage, family)
        for (cookie, backend) in [(UInt64(1), UInt32(70)), (2, 71)] {
            var socket = fw_socket()
            (socket.backend, socket.flags) = (backend, UInt32(FW_SOCKET_COUNTED))
            try stage.sockets.update(cookie, socket)
            try stage.loads.update(backend, fw_load(connections: (try stage.load(backend) ?? 0) + 1))
        }
        let sweep = try stage.sweep(gone: 70)
        #expect(sweep.ended == 5)
        let loads = [try stage.load(70), try stage.load(71)]
        #expect(loads == [0, 2])
        let (entries, sockets) = (try stage.connections.count(), try stage.sockets.all().map(\.key))
        #expect(entries == 2)
        #expect(sockets == [2])
    }

    @Test("Entries of translation whose connection is gone are removed, not those of one being made", arguments: families)
    func orphans(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let service = StagedService.sample(family, Transport.tcp, isMasqueraded: true)
        try stage.add(service)
        let client = StagedClient.outside(family)
        _ = try stage.converse(client, service)
        let key = fw_tuple(Flow(client, to: service.frontend, Transport.tcp))
        try stage.connections.delete(key)
        _ = try stage.sweep()
        let young = try stage.connections.count()
        #expect(young == 3)
        _ = try stage.sweep(after: .seconds(2))
        let old = try stage.connections.count()
        #expect(old == 0)
    }

    @Test("Entries of translation of a connection that has begun anew elsewhere are orphans", arguments: families)
    func orphansOfAnother(_ family: IPFamily) throws {
        let stage = try PacketStage()
        let service = StagedService.sample(family, Transport.tcp, isMasqueraded: true)
        try stage.add(service)
        let client = StagedClient.outside(family)
        _ = try stage.converse(client, service)
        let key = fw_tuple(Flow(client, to: service.frontend, Transport.tcp))
        var forward = try #require(try stage.connections.lookup(key))
        forward.becomes.source_port = UInt16(1).bigEndian
        try stage.connections.update(key, forward)
        _ = try stage.sweep(after: .seconds(2))
        let left = try stage.connections.all().map(\.key.values)
        #expect(left == [key.values])
    }
}

extension PacketStage {
    borrowing func sweep(
        after: Duration = .zero, at now: UInt64? = nil, olderThan: UInt64 = 0, most: UInt64 = 0, spares: Bool = false,
        gone: UInt32 = 0
    ) throws -> fw_sweep {
        var sweep = fw_sweep()
        sweep.now = now ?? Self.monotonicNanoseconds + UInt64(after.components.seconds) * 1_000_000_000
        (sweep.older_than, sweep.gone_backend) = (olderThan, gone)
        (sweep.most, sweep.spares) = (most, spares ? 1 : 0)
        let status = try maintenance.run(context: &sweep)
        #expect(status == 0)
        return sweep
    }
}

extension fw_sweep {
    /// Forward entries by log2 of their idle milliseconds.
    var histogram: [UInt64] {
        // SAFETY: the bytes of C arrays, read inside the closures.
        let others = unsafe withUnsafeBytes(of: ages) { unsafe Array($0.bindMemory(to: UInt64.self)) }
        let streams = unsafe withUnsafeBytes(of: established) { unsafe Array($0.bindMemory(to: UInt64.self)) }
        return zip(others, streams).map(+)
    }
}
