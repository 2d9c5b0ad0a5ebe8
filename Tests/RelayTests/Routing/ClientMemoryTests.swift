import LinuxSystem
import NetworkTypes
import RandomTesting
import Testing

@testable import Relay

@Suite struct ClientMemoryTests {
    /// Kept as plainly as can be.
    private struct Model {
        var clients: [(client: IPAddress, place: SocketAddress, seen: ContinuousClock.Instant)] = []

        mutating func remove(_ client: IPAddress) { clients.removeAll { $0.client == client } }

        mutating func set(_ client: IPAddress, _ place: SocketAddress, _ seen: ContinuousClock.Instant) {
            remove(client)
            clients.append((client, place, seen))
        }
    }

    @Test("the list is the one that a walk over everything makes", arguments: [UInt64(1), 2, 3, .random(in: .min ... .max)])
    func list(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var list = RecencyList()
        var model = Model()
        var now = ContinuousClock.now
        for step in 0..<5_000 {
            let client = IPAddress(v4: UInt32.random(in: 0..<40, using: &random))
            now += .milliseconds(1)
            switch Int.random(in: 0..<(step % 1_000 < 800 ? 3 : 6), using: &random) {
            case 0, 1:
                let place = RoutingFixture.place(Int.random(in: 0..<5, using: &random))
                list.set(client, place, seen: now)
                model.set(client, place, now)
            case 2:
                if let oldest = list.oldest {
                    list.remove(oldest.client)
                    model.remove(oldest.client)
                }
            default:
                list.remove(client)
                model.remove(client)
            }
            #expect(list.count == model.clients.count, "seed \(seed), step \(step)")
            #expect(list.oldest?.client == model.clients.first?.client, "seed \(seed), step \(step)")
            let expected = model.clients.first { $0.client == client }
            #expect(list[client]?.place == expected?.place && list[client]?.seen == expected?.seen, "seed \(seed), step \(step)")
        }
    }
}
