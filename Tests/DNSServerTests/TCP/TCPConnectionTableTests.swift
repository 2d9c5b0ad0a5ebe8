import NetworkTypes
import RandomTesting
import Testing

@testable import DNSServer

@Suite struct TCPConnectionTableTests {
    private typealias Table = TCPConnectionTable<Int>
    private static let pods = (1...4).map { IPAddress(v4: 0x0A00_0000 + $0) }

    private func admitted(_ admission: Table.Admission) -> (token: Table.Token, evicted: Int?)? {
        guard case .admitted(let token, let evicted) = admission else { return nil }
        return (token, evicted)
    }

    @Test func `at the limit the one that has been idle longest makes room`() throws {
        var table = Table(limit: 3, limitPerClient: 3)
        let tokens = try (1...3).map { try #require(admitted(table.admit($0, from: Self.pods[0]))).token }
        // 1 asks and is answered: 2 has been idle longest.
        let busy = table.touch(tokens[0], isIdle: false)
        #expect(busy)
        let idle = table.touch(tokens[0], isIdle: true)
        #expect(idle)
        let newcomer = try #require(admitted(table.admit(4, from: Self.pods[1])))
        #expect(newcomer.evicted == 2)
        #expect(table.count == 3)
        let evicted = table.touch(tokens[1], isIdle: false)
        #expect(!evicted, "it has lost its place, and is not taken for another")
    }

    @Test func `nobody idle: the newcomer is refused`() throws {
        var table = Table(limit: 2, limitPerClient: 2)
        let tokens = try (1...2).map { try #require(admitted(table.admit($0, from: Self.pods[$0]))).token }
        for token in tokens {
            let kept = table.touch(token, isIdle: false)
            #expect(kept)
        }
        let refused = admitted(table.admit(3, from: Self.pods[0]))
        #expect(refused == nil)
        let idle = table.touch(tokens[1], isIdle: true)
        #expect(idle)
        let newcomer = admitted(table.admit(3, from: Self.pods[0]))
        #expect(newcomer?.evicted == 2)
    }

    @Test func `a client at its limit takes from itself, not from others`() throws {
        var table = Table(limit: 10, limitPerClient: 2)
        _ = table.admit(1, from: Self.pods[0])
        let mine = try (2...3).map { try #require(admitted(table.admit($0, from: Self.pods[1]))).token }
        let third = admitted(table.admit(4, from: Self.pods[1]))
        #expect(third?.evicted == 2)
        let busy = table.touch(mine[1], isIdle: false)
        #expect(busy)
        let fourth = admitted(table.admit(5, from: Self.pods[1]))
        #expect(fourth?.evicted == 4)
        #expect(table.count(of: Self.pods[1]) == 2)
        #expect(table.count(of: Self.pods[0]) == 1)
    }

    @Test func `a place that was given up is not given up again for its next owner`() throws {
        var table = Table(limit: 2, limitPerClient: 2)
        let first = try #require(admitted(table.admit(1, from: Self.pods[0]))).token
        table.remove(first)
        let second = try #require(admitted(table.admit(2, from: Self.pods[0]))).token
        table.remove(first)
        #expect(table.count == 1)
        let kept = table.touch(second, isIdle: true)
        #expect(kept)
        #expect(table.connections == [2])
    }

    /// Against a plain list in order of idleness.
    @Test func `random steps leave what a plain list leaves`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        var table = Table(limit: 6, limitPerClient: 3)
        var tokens: [Int: Table.Token] = [:]
        var model: [(connection: Int, client: IPAddress, isIdle: Bool)] = []
        for step in 0..<5000 {
            let choice = model.isEmpty ? 0 : Int.random(in: 0..<4, using: &random)
            if choice == 0 {
                let client = Self.pods[Int.random(in: 0..<4, using: &random)]
                let isFullForClient = model.count { $0.client == client } >= 3
                let isFull = isFullForClient || model.count >= 6
                let victim = model.firstIndex { $0.isIdle && (!isFullForClient || $0.client == client) }
                let outcome = admitted(table.admit(step, from: client))
                #expect((outcome == nil) == (isFull && victim == nil), "seed \(seed), step \(step)")
                #expect(outcome?.evicted == (isFull ? victim.map { model[$0].connection } : nil), "seed \(seed), step \(step)")
                guard let outcome else { continue }
                if isFull, let victim { model.remove(at: victim) }
                tokens[step] = outcome.token
                model.append((step, client, true))
            } else {
                let index = Int.random(in: 0..<model.count, using: &random)
                var entry = model.remove(at: index)
                guard let token = tokens[entry.connection] else { continue }
                if choice == 1 {
                    table.remove(token)
                } else {
                    entry.isIdle = choice == 2
                    model.append(entry)
                    let kept = table.touch(token, isIdle: entry.isIdle)
                    #expect(kept, "seed \(seed), step \(step)")
                }
            }
            #expect(table.count == model.count, "seed \(seed), step \(step)")
            #expect(Set(table.connections) == Set(model.map(\.connection)), "seed \(seed), step \(step)")
        }
    }
}
