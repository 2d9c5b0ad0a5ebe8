import LinuxSystem
import LoadBalancing
import NetworkTypes
import RandomTesting
import Relay
import Testing

@Suite struct SchedulerTests {
    /// Six deviations of a count that is drawn so often with this chance.
    private static func isNear(_ count: Int, _ share: Double, of draws: Int) -> Bool {
        let expected = Double(draws) * share
        return abs(Double(count) - expected) <= 6 * (expected * (1 - share)).squareRoot() + 1
    }

    @Test("draws at random and by hash are shared out by weight", arguments: [
        SchedulingMethod.random, .sourceHash, .maglev,
    ])
    func distribution(_ method: SchedulingMethod) {
        let fixture = RoutingFixture(seed: 7)
        let weights: [UInt16] = [1, 2, 0, 5]
        fixture.update(method, RoutingFixture.members(weights))
        let draws = 20_000
        let counts = fixture.counts(of: 4, in: draws, seed: 11)
        // A Maglev table's shares are even to about a hundredth part.
        let slack = method == .maglev ? draws / 100 : 0
        for (count, weight) in zip(counts, weights) {
            let share = Double(weight) / 8
            let isFair = weight == 0 ? count == 0 : Self.isNear(count, share, of: draws) || abs(count - Int(share * Double(draws))) <= slack
            #expect(isFair, "\(counts)")
        }
    }

    @Test("by the address that was asked: one backend for each") func destinations() {
        let fixture = RoutingFixture()
        fixture.update(.destinationHash, RoutingFixture.members([1, 1, 1, 1]))
        var seen: Set<Int?> = []
        for number in 0..<64 {
            let requests = (0..<5).map { RoutingFixture.request(from: "192.0.2.\($0)", to: "10.96.0.\(number)") }
            let chosen = Set(requests.map { fixture.connect($0) })
            #expect(chosen.count == 1)
            seen.formUnion(chosen)
        }
        #expect(seen == [0, 1, 2, 3])
    }

    @Test("in turn, and by weight in the order of the slots, exactly") func inTurn() {
        let weights: [UInt16] = [3, 1, 0, 2]
        for (method, slots) in [
            (SchedulingMethod.inTurn, [0, 1, 3]), (.weightedInTurn, WeightedSlots.slots(of: weights)),
        ] {
            let fixture = RoutingFixture()
            fixture.update(method, RoutingFixture.members(weights))
            let chosen = (0..<slots.count * 3).map { _ in fixture.connect() }
            #expect(chosen == slots + slots + slots)
        }
    }

    @Test("who is next in turn stays next when weights change or the same is said again") func turnGoesOn() {
        let fixture = RoutingFixture()
        fixture.update(RoutingFixture.members([1, 1, 1]))
        #expect(fixture.connect() == 0)
        fixture.update(RoutingFixture.members([1, 1, 1]))
        #expect(fixture.connect() == 1)
        fixture.update(RoutingFixture.members([1, 1, 9]))
        #expect(fixture.connect() == 2)
    }

    @Test("by hash each client has the slot that the kernel's programs draw", arguments: [SchedulingMethod.maglev, .sourceHash])
    func sameSlot(_ method: SchedulingMethod) {
        let fixture = RoutingFixture()
        let members = RoutingFixture.members([2, 1, 1, 3, 1])
        fixture.update(method, members)
        let entries = members.map { MaglevTable.Entry(address: $0.address.address, port: 8080, weight: $0.weight) }
        let slots = method == .maglev ? MaglevTable(entries).slots : WeightedSlots.slots(of: members.map(\.weight))
        var random = SplitMix64(seed: 5)
        for _ in 0..<1_000 {
            let request = RoutingFixture.request(&random)
            let port = method == .maglev ? PortNumber(rawValue: request.client.port) : nil
            let slot = SlotHash.slot(of: slots.count, by: request.client.address, port: port)
            let chosen = fixture.connect(request)
            #expect(chosen == slots[slot])
        }
    }

    @Test("lc, wlc, sed and nq choose as the model does under arrivals and departures", arguments: LeastLoaded.allCases, [1, 2, 3])
    func leastLoaded(_ rule: LeastLoaded, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let weights = (0..<7).map { _ in UInt16.random(in: 0...4, using: &random) } + [1]
        let fixture = RoutingFixture(seed: seed)
        fixture.update(.leastLoaded(rule), RoutingFixture.members(weights))
        var loads = weights.map { BackendLoad(weight: $0) }
        var open: [RelayBackend] = []
        for step in 0..<2_000 {
            if !open.isEmpty && random.oneIn(2) {
                let backend = open.remove(at: Int.random(in: open.indices, using: &random))
                loads[RoutingFixture.number(backend)].connections -= 1
                backend.release()
            } else {
                let expected = rule.pick(loads)
                let chosen = fixture.service.choose(RoutingFixture.request(&random), .cluster, after: [])
                #expect(chosen.map(RoutingFixture.number) == expected, "seed \(seed), step \(step)")
                guard let chosen else { return }
                loads[RoutingFixture.number(chosen)].connections += 1
                open.append(chosen)
            }
        }
        for backend in open { backend.release() }
    }

    @Test("of two drawn at random the less loaded: nobody falls behind") func twoChoices() {
        let fixture = RoutingFixture(seed: 3)
        fixture.update(.twoChoices, RoutingFixture.members([UInt16](repeating: 1, count: 20)))
        for _ in 0..<2_000 { _ = fixture.choose() }
        let active = fixture.service.record.backends.map(\.active)
        // A single draw would leave them some 40 apart.
        #expect((active.max() ?? 0) - (active.min() ?? 0) <= 8, "\(active)")
        #expect(active.reduce(0, +) == 2_000)
    }

    @Test("of many backends so many are compared as the limit says, and each gets its part") func compared() {
        let fixture = RoutingFixture(seed: 9)
        let count = LeastLoaded.comparedBackends * 3
        fixture.update(.leastLoaded(.leastConnections), RoutingFixture.members([UInt16](repeating: 1, count: count)))
        for _ in 0..<count * 10 { _ = fixture.choose() }
        let active = fixture.service.record.backends.map(\.active)
        #expect(active.allSatisfy { (8...12).contains($0) }, "\(active)")
    }

    @Test("a backend that was tried is never chosen, one that was not always is", arguments: SchedulingMethod.every)
    func tried(_ method: SchedulingMethod) throws {
        let fixture = RoutingFixture()
        fixture.update(method, RoutingFixture.members([1, 5, 0, 2, 1]))
        var random = SplitMix64(seed: 2)
        for _ in 0..<200 {
            let request = RoutingFixture.request(&random)
            var tried: [RelayBackend] = []
            for _ in 0..<4 {
                let backend = try #require(fixture.service.choose(request, .cluster, after: tried))
                let isNew = !tried.contains { $0 === backend }
                #expect(isNew)
                tried.append(backend)
            }
            #expect(Set(tried.map(RoutingFixture.number)) == [0, 1, 3, 4])
            #expect(fixture.choose(request, after: tried) == nil)
            for backend in tried { backend.release() }
        }
    }

    @Test("nothing to choose from: none, and nothing is held", arguments: SchedulingMethod.every)
    func nothing(_ method: SchedulingMethod) {
        let fixture = RoutingFixture()
        #expect(fixture.choose() == nil)
        fixture.update(method, RoutingFixture.members([0, 0]), local: [])
        #expect(fixture.choose() == nil)
        #expect(fixture.choose(RoutingFixture.request(), .local) == nil)
        #expect(fixture.service.isIdle)
    }

    @Test("each scope has its own set, and the backend of both is the same") func scopes() {
        let fixture = RoutingFixture()
        fixture.update(RoutingFixture.members([1, 1]), local: [RoutingFixture.member(1)])
        let chosen = (0..<3).map { _ in fixture.choose(RoutingFixture.request(), .local) }
        #expect(chosen == [1, 1, 1])
        #expect([fixture.choose(), fixture.choose()] == [0, 1])
        #expect(fixture.service.record.backends.map(\.active) == [1, 4])
    }

    @Test("many threads choose in turn, and none is left out or chosen twice") func threads() async {
        let fixture = RoutingFixture()
        fixture.update(RoutingFixture.members([1, 1, 1, 1]))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<500 { _ = fixture.choose() } }
            }
        }
        #expect(fixture.service.record.backends.map(\.active) == [1_000, 1_000, 1_000, 1_000])
    }
}
