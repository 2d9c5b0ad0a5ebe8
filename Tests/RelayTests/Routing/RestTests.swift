import LoadBalancing
import RandomTesting
import Relay
import Testing

@Suite struct RestTests {
    private static let rule = RelayRest(afterFailures: 3, for: .seconds(10))

    private static func fixture(
        _ weights: [UInt16] = [1, 1, 1], _ method: SchedulingMethod = .inTurn, rule: RelayRest? = rule
    ) -> RoutingFixture {
        let fixture = RoutingFixture(rest: rule)
        fixture.update(method, RoutingFixture.members(weights))
        return fixture
    }

    /// Backend 0 fails, the others do not, until each has had so many attempts.
    private static func round(_ fixture: RoutingFixture, _ times: Int, failing: Set<Int> = [0]) {
        for _ in 0..<times * 3 {
            let request = RoutingFixture.request()
            guard let backend = fixture.service.choose(request, .cluster, after: []) else { continue }
            if failing.contains(RoutingFixture.number(backend)) {
                fixture.service.failed(request, backend, .refused)
            } else {
                fixture.service.succeeded(request, backend, took: .zero, isRetry: false)
            }
            backend.release()
        }
    }

    @Test("one that fails so often in a row rests, and then gets connections again", arguments: SchedulingMethod.every)
    func rests(_ method: SchedulingMethod) throws {
        let fixture = RoutingFixture(rest: Self.rule)
        fixture.update(method, RoutingFixture.members([1, 1, 1]))
        var random = SplitMix64(seed: 4)
        let backend = try #require(failing(0, 3, fixture, &random))
        #expect(fixture.state(of: 0) == .resting)
        for _ in 0..<300 { #expect(fixture.connect(RoutingFixture.request(&random)) != 0) }
        fixture.clock.pass(.seconds(10))
        #expect(fixture.connect(RoutingFixture.request(&random)) != nil)
        #expect(fixture.state(of: 0) == .active)
        var isBack = false
        for _ in 0..<300 where fixture.choose(RoutingFixture.request(&random)) == 0 { isBack = true }
        #expect(isBack)
        #expect(backend.traffic.counts.failures == 3)
    }

    /// So many attempts at one backend fail, whoever else is chosen meanwhile.
    private func failing(_ number: Int, _ times: Int, _ fixture: RoutingFixture, _ random: inout SplitMix64) -> RelayBackend? {
        var failures = 0
        for _ in 0..<10_000 {
            let request = RoutingFixture.request(&random)
            guard let backend = fixture.service.choose(request, .cluster, after: []) else { return nil }
            defer { backend.release() }
            guard RoutingFixture.number(backend) == number else {
                // Held for good, so that those who compare connections come round.
                backend.hold()
                continue
            }
            fixture.service.failed(request, backend, .refused)
            failures += 1
            if failures == times { return backend }
        }
        return nil
    }

    @Test("off by default: it fails for ever and is chosen again") func off() {
        let fixture = Self.fixture(rule: RelayConfiguration().rest)
        Self.round(fixture, 100)
        #expect((0..<3).map { _ in fixture.connect() } == [0, 1, 2])
    }

    @Test("a success between failures begins the row anew") func row() {
        let fixture = Self.fixture()
        Self.round(fixture, 2)
        Self.round(fixture, 1, failing: [])
        Self.round(fixture, 2)
        #expect(fixture.state(of: 0) == .active)
        Self.round(fixture, 1)
        #expect(fixture.state(of: 0) == .resting)
    }

    @Test("one failure after the rest is enough for the next, one success ends it") func again() {
        let fixture = Self.fixture()
        Self.round(fixture, 3)
        fixture.clock.pass(.seconds(11))
        Self.round(fixture, 1)
        #expect(fixture.state(of: 0) == .resting)
        fixture.clock.pass(.seconds(11))
        Self.round(fixture, 1, failing: [])
        Self.round(fixture, 1)
        #expect(fixture.state(of: 0) == .active)
    }

    @Test("the last that takes connections does not rest") func last() {
        let fixture = Self.fixture()
        Self.round(fixture, 30, failing: [0, 1, 2])
        let states = (0..<3).map { fixture.state(of: $0) }
        #expect(states.filter { $0 == .active }.count == 1)
        #expect(states.filter { $0 == .resting }.count == 2)
        #expect(fixture.connect() != nil)
    }

    @Test("of one backend, and of weight 0 beside it, none rests") func only() {
        let fixture = Self.fixture([1, 0])
        for _ in 0..<20 { #expect(fixture.fail() == 0) }
        #expect(fixture.state(of: 0) == .active)
    }

    @Test("nor does the last of a node's own") func lastOfScope() {
        let fixture = RoutingFixture(rest: Self.rule)
        fixture.update(RoutingFixture.members([1, 1, 1]), local: [RoutingFixture.member(2)])
        for _ in 0..<20 { #expect(fixture.fail(RoutingFixture.request(), .local) == 2) }
        #expect(fixture.state(of: 2) == .active)
    }

    @Test("when all others are gone or were tried, one that rests is chosen") func rather() throws {
        let fixture = Self.fixture()
        Self.round(fixture, 3)
        #expect(fixture.state(of: 0) == .resting)
        var tried: [RelayBackend] = []
        for _ in 0..<2 { tried.append(try #require(fixture.service.choose(RoutingFixture.request(), .cluster, after: tried))) }
        #expect(Set(tried.map(RoutingFixture.number)) == [1, 2])
        #expect(fixture.choose(after: tried) == 0)
        fixture.update([RoutingFixture.member(0)])
        #expect(fixture.connect() == 0)
    }

    @Test("a client that is remembered there goes elsewhere meanwhile") func affinity() {
        let fixture = RoutingFixture(rest: Self.rule)
        let affinity = RelayAffinity(ClientMemory(), timeout: .seconds(3600))
        fixture.update(RoutingFixture.members([1, 1]), affinity: affinity)
        #expect(fixture.connect() == 0)
        for number in 0..<6 {
            let request = RoutingFixture.request(from: "198.51.100.\(number)")
            guard let backend = fixture.service.choose(request, .cluster, after: []) else { continue }
            if RoutingFixture.number(backend) == 0 { fixture.service.failed(request, backend, .timedOut) }
            backend.release()
        }
        #expect(fixture.state(of: 0) == .resting)
        #expect((0..<3).map { _ in fixture.connect() } == [1, 1, 1])
    }

    @Test("one that left and came back does not rest any more") func comesBack() {
        let fixture = Self.fixture()
        Self.round(fixture, 3)
        fixture.update(Array(RoutingFixture.members([1, 1, 1]).dropFirst()))
        fixture.update(RoutingFixture.members([1, 1, 1]))
        #expect(fixture.state(of: 0) == .active)
    }
}
