import LinuxSystem
import LoadBalancing
import NetworkTypes
import Relay
import Testing

@Suite struct AffinityTests {
    private static let minute = Duration.seconds(60)
    private static let other = RoutingFixture.request(from: "192.0.2.99")

    private static func fixture(
        limit: Int = ClientMemory.standardLimit, backends: Int = 4
    ) -> (RoutingFixture, ClientMemory, RelayAffinity) {
        let fixture = RoutingFixture()
        let memory = ClientMemory(limit: limit)
        let affinity = RelayAffinity(memory, timeout: minute)
        fixture.update(RoutingFixture.members([UInt16](repeating: 1, count: backends)), affinity: affinity)
        return (fixture, memory, affinity)
    }

    @Test("a client stays, from whatever port, and others are balanced") func stays() {
        let (fixture, memory, _) = Self.fixture()
        for round in 0..<10 {
            let chosen = (1...4).map { fixture.connect(RoutingFixture.request(from: "192.0.2.\($0)", port: UInt16(1024 + round))) }
            #expect(chosen == [0, 1, 2, 3])
        }
        #expect(memory.count == 4)
        #expect(fixture.service.record.clients == 4)
    }

    @Test("without affinity nobody is remembered, and what was remembered is not used") func none() {
        let (fixture, _, _) = Self.fixture()
        #expect(fixture.connect() == 0)
        fixture.update(RoutingFixture.members([1, 1, 1, 1]))
        #expect([fixture.connect(), fixture.connect()] == [1, 2])
        #expect(fixture.service.record.clients == 0)
    }

    struct Step: Sendable {
        let after: Duration
        let connects: Bool
        let expected: Int
    }

    @Test("the time begins anew with each connection that a backend took", arguments: [
        [Step(after: .seconds(60), connects: true, expected: 0), Step(after: .seconds(60), connects: true, expected: 0)],
        [Step(after: .seconds(61), connects: true, expected: 1), Step(after: .seconds(60), connects: true, expected: 1)],
        // An attempt that was never answered renews nothing.
        [Step(after: .seconds(40), connects: false, expected: 0), Step(after: .seconds(40), connects: true, expected: 1)],
    ])
    func expires(_ steps: [Step]) {
        let (fixture, _, _) = Self.fixture()
        #expect(fixture.connect() == 0)
        for step in steps {
            fixture.clock.pass(step.after)
            let chosen = step.connects ? fixture.connect() : fixture.choose()
            #expect(chosen == step.expected)
        }
    }

    @Test("a shorter timeout holds for those who are remembered too") func shorter() {
        let (fixture, memory, _) = Self.fixture()
        #expect(fixture.connect() == 0)
        fixture.clock.pass(.seconds(30))
        fixture.update(RoutingFixture.members([1, 1, 1, 1]), affinity: RelayAffinity(memory, timeout: .seconds(10)))
        #expect(fixture.connect() == 1)
    }

    @Test("a failed attempt forgets the backend and the next one is remembered") func failure() throws {
        let (fixture, _, _) = Self.fixture()
        let request = RoutingFixture.request()
        #expect(fixture.connect() == 0)
        let first = try #require(fixture.service.choose(request, .cluster, after: []))
        #expect(RoutingFixture.number(first) == 0)
        fixture.service.failed(request, first, .timedOut)
        let second = try #require(fixture.service.choose(request, .cluster, after: [first]))
        fixture.service.succeeded(request, second, took: .zero, isRetry: true)
        #expect(RoutingFixture.number(second) == 1)
        #expect((0..<3).map { _ in fixture.connect() } == [1, 1, 1])
        #expect(second.traffic.counts.retries == 1)
        #expect(first.traffic.counts.failures == 1)
    }

    @Test("connections that begin together go together, and a late failure of the old backend does not move the client again")
    func together() throws {
        let (fixture, _, _) = Self.fixture()
        let request = RoutingFixture.request()
        let one = try #require(fixture.service.choose(request, .cluster, after: []))
        let two = try #require(fixture.service.choose(request, .cluster, after: []))
        #expect(one === two)
        fixture.service.failed(request, one, .refused)
        let next = try #require(fixture.service.choose(request, .cluster, after: [one]))
        fixture.service.failed(request, two, .refused)
        let same = try #require(fixture.service.choose(request, .cluster, after: [two]))
        #expect(next === same)
    }

    @Test("a client does not stick to a backend that takes no connections", arguments: ["gone", "lingering", "weight 0"])
    func leaves(_ what: String) {
        let (fixture, memory, affinity) = Self.fixture()
        #expect(fixture.connect() == 0)
        switch what {
        case "gone": fixture.update(Array(RoutingFixture.members([1, 1, 1, 1]).dropFirst()), affinity: affinity)
        case "lingering":
            fixture.update(
                Array(RoutingFixture.members([1, 1, 1, 1]).dropFirst()), affinity: affinity,
                lingering: [RoutingFixture.place(0)])
        default: fixture.update(RoutingFixture.members([0, 1, 1, 1]), affinity: affinity)
        }
        let chosen = fixture.connect()
        #expect(chosen != 0)
        #expect(fixture.connect() == chosen)
        #expect(memory.count == 1)
    }

    @Test("nothing is remembered when nothing can be chosen") func forgets() {
        let (fixture, memory, affinity) = Self.fixture()
        #expect(fixture.connect() == 0)
        fixture.update([], affinity: affinity)
        #expect(fixture.connect() == nil)
        #expect(memory.count == 0)
    }

    @Test("a client does not come to a backend by a scope that does not have it") func scopes() {
        let (fixture, _, affinity) = Self.fixture()
        fixture.update(RoutingFixture.members([1, 1]), local: [RoutingFixture.member(1)], affinity: affinity)
        #expect(fixture.connect() == 0)
        #expect(fixture.connect(RoutingFixture.request(), .local) == 1)
        #expect(fixture.connect() == 1)
    }

    @Test("the ports of a Service that remember together send a client to one endpoint, whatever its port there is")
    func wholeService() {
        let memory = ClientMemory()
        let affinity = RelayAffinity(memory, timeout: Self.minute, isShared: true)
        let (web, metrics) = (RoutingFixture(), RoutingFixture())
        web.update((0..<4).map { RoutingFixture.member($0) }, affinity: affinity)
        // One endpoint is behind the first port only.
        metrics.update((1..<4).map { RoutingFixture.member($0, port: 9090) }, affinity: affinity)
        #expect([web.connect(Self.other), web.connect()] == [0, 1])
        #expect(metrics.connect() == 1)
        #expect((0..<3).map { _ in metrics.connect() } == [1, 1, 1])
        // From now on this client is where it finds both.
        let chosen = metrics.connect(Self.other)
        #expect(chosen != 0)
        #expect(web.connect(Self.other) == chosen)
        #expect(memory.count == 2)
    }

    @Test("service ports that remember by themselves do not share, even at the same endpoint") func apart() {
        let affinity = { RelayAffinity(ClientMemory(), timeout: Self.minute) }
        let (one, two) = (RoutingFixture(), RoutingFixture())
        for fixture in [one, two] { fixture.update(RoutingFixture.members([1, 1, 1]), affinity: affinity()) }
        #expect(one.connect(Self.other) == 0)
        #expect(one.connect() == 1)
        #expect(two.connect() == 0)
        #expect(one.connect() == 1)
    }

    @Test("at the limit the client that was there longest ago is forgotten, and counted") func limit() {
        let (fixture, memory, _) = Self.fixture(limit: 3, backends: 8)
        func client(_ number: Int) -> RelayRequest { RoutingFixture.request(from: "192.0.2.\(number)") }
        for number in 0..<3 { #expect(fixture.connect(client(number)) == number) }
        fixture.clock.pass(.seconds(1))
        #expect(fixture.connect(client(0)) == 0)
        #expect(fixture.connect(client(3)) == 3)
        #expect(memory.count == 3)
        #expect(memory.evictions == 1)
        #expect(fixture.service.record.evictedClients == 1)
        // Renewed, so that the second was the oldest.
        #expect(fixture.connect(client(0)) == 0)
        #expect(fixture.connect(client(1)) == 4)
    }

    @Test("those whose time is over make room before anybody is forgotten") func expiredFirst() {
        let (fixture, memory, _) = Self.fixture(limit: 100)
        for number in 0..<50 { _ = fixture.connect(RoutingFixture.request(from: "192.0.2.\(number)")) }
        fixture.clock.pass(.seconds(61))
        for number in 0..<60 { _ = fixture.connect(RoutingFixture.request(from: "198.51.100.\(number)")) }
        #expect(memory.count == 60)
        #expect(memory.evictions == 0)
    }
}
