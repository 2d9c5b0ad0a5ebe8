import BPF
import CBPFMaps
import LinuxSystem
import NetworkTypes
import Testing

/// Packets of the same connections on several processors at once.
struct PacketRaceTests {
    /// The stage as threads share it.
    private final class Shared: Sendable {
        let stage: PacketStage
        let service: StagedService

        init(_ family: IPFamily) throws {
            stage = try PacketStage(connectionLimit: 1 << 12)
            var service = StagedService.sample(family, Transport.tcp, isMasqueraded: true)
            service.backends.append(.sample(family, 1))
            self.service = service
            try stage.add(service)
        }

        /// Openings, ends and answers of eight clients, in an order of the seed's.
        func play(_ seed: UInt64, rounds: Int) throws {
            var state = seed
            for _ in 0..<rounds {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let choice = Int(state >> 33)
                let client = StagedClient.outside(service.frontend.address.family, port: UInt16(1000 + choice % 8))
                var recipe = PacketRecipe(Flow(client, to: service.frontend, Transport.tcp))
                recipe.tcpFlags = [TCPFlags.syn, TCPFlags.syn, TCPFlags.rst, TCPFlags.fin, TCPFlags.ack][choice / 8 % 5]
                let middle = try stage.run(.ingress, recipe.frame())
                guard middle.returnValue == TrafficAction.unspecified else { continue }
                _ = try stage.run(.egress, middle.packet)
            }
        }

        func sweep(rounds: Int) throws {
            for _ in 0..<rounds { _ = try stage.sweep(olderThan: .max) }
        }
    }

    @Test("Nothing is counted twice, lost or left in halves", arguments: [IPFamily.ipv4, .ipv6])
    func counts(_ family: IPFamily) async throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        let shared = try Shared(family)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<3 {
                group.addTask {
                    try await DedicatedThread.run(named: "packets") {
                        try shared.play(seed &+ UInt64(thread), rounds: 20_000)
                    }
                }
            }
            group.addTask { try await DedicatedThread.run(named: "sweep") { try shared.sweep(rounds: 500) } }
            try await group.waitForAll()
        }
        let audit = try TableAudit(shared.stage)
        #expect(audit.faults == [], "seed \(seed)")
        _ = try shared.stage.sweep(olderThan: .max)
        let (entries, used) = (try shared.stage.connections.count(), try shared.stage.used())
        #expect(entries == 0, "seed \(seed)")
        #expect(used == 0, "seed \(seed)")
        let loads = [try shared.stage.load(70), try shared.stage.load(71)]
        #expect(loads == [0, 0], "seed \(seed)")
    }
}
