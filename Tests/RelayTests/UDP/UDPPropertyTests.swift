import LinuxSystem
import NetworkTypes
import RandomTesting
import Testing

@testable import Relay

@Suite("UDP against a model") struct UDPPropertyTests {
    /// Clients send, backends answer, backends come and go, time passes, in any order: every datagram arrives once and
    /// whole at a backend that the service has, answers come back to the client that asked, and the counts agree.
    @Test("random clients and backends", arguments: [11, 12, 13, 14] as [UInt64])
    func random(_ seed: UInt64) async throws {
        try await onThread {
            var random = SplitMix64(seed: seed)
            let bench = try UDPBench { $0.sessionLimit = 12 }
            let peers = try (0..<4).map { _ in try TestPeer() }
            let (service, backends) = service(peers)
            let frontend = try bench.frontend(service)
            let clients = try (0..<16).map { _ in try TestPeer(connectedTo: frontend) }
            var present = Set(0..<4)
            var (sentIn, sentOut, bytesIn) = (0, 0, 0)
            for step in 0..<60 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    // At least one stays.
                    present = Set((0..<4).filter { _ in Bool.random(using: &random) })
                    if present.isEmpty { present = [Int.random(in: 0..<4, using: &random)] }
                    service.set(present.sorted().map { backends[$0] })
                    if Bool.random(using: &random) { bench.carrier.backendsChanged() }
                case 1: try bench.pass(.seconds(Int.random(in: 0..<40, using: &random)))
                default:
                    var expected: [Int: [[UInt8]]] = [:]
                    for burst in 0..<Int.random(in: 1...30, using: &random) {
                        let client = Int.random(in: 0..<clients.count, using: &random)
                        let size = [0, 1, 64, 64, 64, 1300, 1300, 9000].randomElement(using: &random) ?? 0
                        let bytes = [UInt8(client)] + pattern(size, step &* 31 &+ burst)
                        try clients[client].send(bytes)
                        expected[client, default: []].append(bytes)
                        bytesIn += bytes.count
                    }
                    let total = expected.values.reduce(0) { $0 + $1.count }
                    var arrived: [(Int, TestPeer.Received)] = []
                    try bench.run {
                        for (index, peer) in peers.enumerated() { arrived += try peer.receiveAll().map { (index, $0) } }
                        return arrived.count >= total
                    }
                    sentIn += total
                    for (index, _) in arrived { #expect(present.contains(index), "seed \(seed) step \(step)") }
                    for (client, list) in expected {
                        // A session that made room and came back may be at another backend: no order across these.
                        let own = arrived.map(\.1).filter { $0.bytes[0] == UInt8(client) }
                        let got = own.map(\.bytes)
                        let isOneSession = Set(own.map(\.from)).count == 1
                        let isSame = isOneSession ? got == list : tally(got) == tally(list)
                        #expect(isSame, "seed \(seed) step \(step) client \(client)")
                    }
                    try answer(bench, arrived, peers, clients, &sentOut, "seed \(seed) step \(step)")
                }
                #expect(bench.carrier.count <= 12, "seed \(seed)")
                #expect(backends.reduce(0) { $0 + $1.active } == bench.carrier.count, "seed \(seed)")
            }
            let counts = backends.map(\.traffic.counts)
            #expect(counts.reduce(0) { $0 + $1.packetsIn } == UInt64(sentIn), "seed \(seed)")
            #expect(counts.reduce(0) { $0 + $1.bytesIn } == UInt64(bytesIn), "seed \(seed)")
            #expect(counts.reduce(0) { $0 + $1.packetsOut } == UInt64(sentOut), "seed \(seed)")
            #expect(bench.statistics.datagrams[.lost] == 0, "seed \(seed)")
        }
    }

    /// Answers what arrived of the sessions that are still there; a client gets its own and no other's.
    private func answer(
        _ bench: UDPBench, _ arrived: [(Int, TestPeer.Received)], _ peers: [TestPeer], _ clients: [TestPeer],
        _ sentOut: inout Int, _ place: String
    ) throws {
        let open = Set(bench.carrier.records.map(\.client))
        var expected: [Int: [[UInt8]]] = [:]
        // Of a client that made room and came back, only the later session is open: it is left out.
        var origins: [Int: Set<SocketAddress>] = [:]
        for (_, one) in arrived { origins[Int(one.bytes[0]), default: []].insert(one.from) }
        for (index, one) in arrived {
            let client = Int(one.bytes[0])
            guard open.contains(clients[client].address), origins[client]?.count == 1 else { continue }
            try peers[index].send(one.bytes, to: one.from)
            expected[client, default: []].append(one.bytes)
        }
        let total = expected.values.reduce(0) { $0 + $1.count }
        var got: [Int: [[UInt8]]] = [:]
        try bench.run {
            for (index, client) in clients.enumerated() {
                for one in try client.receiveAll() { got[index, default: []].append(one.bytes) }
            }
            return got.values.reduce(0) { $0 + $1.count } >= total
        }
        sentOut += total
        let isSame = got.mapValues(tally) == expected.mapValues(tally)
        #expect(isSame, "\(place)")
    }

    private func tally(_ datagrams: [[UInt8]]) -> [[UInt8]: Int] { datagrams.reduce(into: [:]) { $0[$1, default: 0] += 1 } }
}
