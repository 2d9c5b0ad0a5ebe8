import BPF
import CBPFMaps
import LoadBalancing
import NetworkNamespaceTesting
import RandomTesting
import Testing

/// lc, wlc, sed and nq, against the models of LoadBalancing, which are given the same arrivals and departures.
@Suite(.enabled(if: Requirement.root, "needs root"))
struct LoadSchedulerTests {
    static let schedulers = [
        FW_LEAST_CONNECTIONS, FW_WEIGHTED_LEAST_CONNECTIONS, FW_SHORTEST_EXPECTED_DELAY, FW_NEVER_QUEUE,
    ].map(\.rawValue)

    private func algorithm(_ scheduler: UInt32) -> LeastLoaded {
        switch fw_scheduler(scheduler) {
        case FW_LEAST_CONNECTIONS: .leastConnections
        case FW_WEIGHTED_LEAST_CONNECTIONS: .weightedLeastConnections
        case FW_SHORTEST_EXPECTED_DELAY: .shortestExpectedDelay
        default: .neverQueue
        }
    }

    private func service(_ scheduler: fw_scheduler, weights: [UInt16]) -> TestService {
        let backends = weights.enumerated().map { TestBackend(id: UInt32($0.offset + 1), weight: $0.element) }
        return TestService(backends: backends, scheduler: scheduler)
    }

    @Test("Every choice is the model's", arguments: schedulers, [1, 2, 17, 128])
    func agrees(_ scheduler: UInt32, _ count: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SplitMix64(seed: seed)
        // One in six has no weight, and takes nothing.
        var model = (0..<count).map { BackendLoad(weight: $0 == 0 ? 3 : UInt16.random(in: 0...5, using: &generator)) }
        let probe = try ChoiceProbe()
        try probe.maps.write(service(fw_scheduler(scheduler), weights: model.map(\.weight)))
        var open: [Int] = []
        for step in 0..<2_000 {
            if !open.isEmpty, Int.random(in: 0..<5, using: &generator) < 2 {
                let closed = open.remove(at: Int.random(in: open.indices, using: &generator))
                model[closed].connections -= 1
                try probe.close(UInt32(closed + 1))
                continue
            }
            let expected = try #require(algorithm(scheduler).pick(model))
            let chosen = try probe.choice(isCounted: true)
            try #require(chosen == UInt32(expected + 1), "step \(step), seed \(seed)")
            model[expected].connections += 1
            open.append(expected)
        }
        let loads = try (1...count).map { try probe.maps.load(UInt32($0)) ?? .max }
        #expect(loads == model.map(\.connections), "seed \(seed)")
    }

    @Test("Of more backends than are compared, a window at a random place is", arguments: schedulers)
    func beyondTheLimit(_ scheduler: UInt32) throws {
        let (count, limit) = (300, Double(FW_COMPARED_BACKENDS))
        let probe = try ChoiceProbe()
        try probe.maps.write(service(fw_scheduler(scheduler), weights: [UInt16](repeating: 1, count: count)))
        for backend in 1...count { try probe.maps.setLoad(UInt32(backend), backend == 200 ? 0 : 5) }
        let chosen = try probe.distribution(4_000)
        // The idle one is taken whenever the window has it.
        let share = limit / Double(count)
        let bound = 5 * (4_000 * share * (1 - share)).squareRoot()
        #expect((Double(chosen[200] ?? 0) - 4_000 * share).magnitude <= bound)
        // Else the first of a window: windows begin everywhere.
        #expect(chosen.count > 150 && chosen[0] == nil)
    }

    @Test("Backends that drain, have no weight or are gone are not chosen", arguments: (0...9).map { UInt32($0) })
    func unusable(_ scheduler: UInt32) throws {
        let probe = try ChoiceProbe()
        let backends = [
            TestBackend(id: 1, weight: 0), TestBackend(id: 2, flags: UInt32(FW_BACKEND_DRAINING)), TestBackend(id: 3),
            TestBackend(id: 4), TestBackend(id: 5),
        ]
        let service = TestService(backends: backends, scheduler: fw_scheduler(scheduler))
        try probe.maps.write(service)
        try probe.maps.backends.delete(4)
        // The number was given to another service port.
        try probe.maps.write(TestBackend(id: 5), of: TestService(id: 2))
        let chosen = try probe.distribution(500)
        // Those that look at one slot of five give up after four unlucky draws; the packet is dropped and counted.
        #expect(Set(chosen.keys).isSubset(of: [0, 3]), "\(chosen)")
        #expect((chosen[3] ?? 0) > 100 || scheduler == FW_DESTINATION_HASH.rawValue, "\(chosen)")
    }

    @Test("Nothing is chosen of a set without slots, or without the set", arguments: (0...9).map { UInt32($0) })
    func nothing(_ scheduler: UInt32) throws {
        let probe = try ChoiceProbe()
        try probe.maps.write(TestService(scheduler: fw_scheduler(scheduler)))
        #expect(try probe.choice() == 0)
        #expect(try probe.choice(of: 7) == 0)
    }
}
