import LinuxSystem
import LoadBalancing
import Relay
import Testing

@Suite struct RelayUpdateTests {
    private static func chosen(_ fixture: RoutingFixture, _ number: Int) throws -> RelayBackend {
        for _ in 0..<100 {
            let backend = try #require(fixture.service.choose(RoutingFixture.request(), .cluster, after: []))
            if RoutingFixture.number(backend) == number { return backend }
            backend.release()
        }
        throw NotChosen()
    }
    private struct NotChosen: Error {}

    @Test("a place that stays keeps its backend and counts, whatever its weight and the scheduler") func stays() throws {
        let fixture = RoutingFixture()
        fixture.update(RoutingFixture.members([1, 1]))
        let before = try Self.chosen(fixture, 0)
        before.traffic.countIn(bytes: 100)
        before.release()
        #expect(fixture.update(.maglev, RoutingFixture.members([7, 1, 1]), local: [RoutingFixture.member(0)]) == 0)
        let after = try #require(fixture.service.choose(RoutingFixture.request(), .local, after: []))
        #expect(before === after)
        #expect(after.traffic.counts.bytesIn == 100)
        #expect(!after.isGone)
        after.release()
    }

    @Test("one that is named no more is gone, and with connections told of once") func goes() throws {
        let fixture = RoutingFixture()
        fixture.update(RoutingFixture.members([1, 1, 1]))
        let used = try Self.chosen(fixture, 0)
        #expect(fixture.update([RoutingFixture.member(2)]) == 1)
        #expect(used.isGone)
        #expect(fixture.update([RoutingFixture.member(2)]) == 0)
        #expect((0..<5).map { _ in fixture.connect() } == [2, 2, 2, 2, 2])
        #expect(fixture.state(of: 0) == .gone)
        #expect(fixture.state(of: 1) == nil)
        used.release()
        #expect(fixture.state(of: 0) == nil)
    }

    @Test("one that comes back while it has connections is the same, otherwise a new one") func comesBack() throws {
        let fixture = RoutingFixture()
        let both = RoutingFixture.members([1, 1])
        fixture.update(both)
        let used = try Self.chosen(fixture, 0)
        fixture.update([both[1]])
        fixture.update(both)
        #expect(!used.isGone)
        let again = try Self.chosen(fixture, 0)
        #expect(again === used)
        used.release()
        again.release()
        fixture.update([both[1]])
        fixture.update(both)
        let new = try Self.chosen(fixture, 0)
        #expect(new !== used)
        new.release()
    }

    @Test("one that lingers is not gone and takes nothing new; it can come back or go") func lingers() throws {
        let fixture = RoutingFixture()
        fixture.update(RoutingFixture.members([1, 1]))
        let used = try Self.chosen(fixture, 0)
        #expect(fixture.update([RoutingFixture.member(1)], lingering: [RoutingFixture.place(0)]) == 0)
        #expect(!used.isGone)
        #expect(fixture.state(of: 0) == .draining)
        #expect((0..<3).map { _ in fixture.connect() } == [1, 1, 1])
        #expect(fixture.update([RoutingFixture.member(1)]) == 1)
        #expect(used.isGone)
        fixture.update(RoutingFixture.members([1, 1]))
        #expect(!used.isGone && fixture.state(of: 0) == .active)
        used.release()
    }

    @Test("totals only grow, when backends go too") func totals() throws {
        let fixture = RoutingFixture()
        fixture.update(RoutingFixture.members([1, 1]))
        for _ in 0..<6 { _ = fixture.connect() }
        let used = try Self.chosen(fixture, 0)
        used.traffic.countOut(bytes: 10)
        fixture.update([])
        #expect(fixture.service.record.totals.connections == 6)
        #expect(fixture.service.record.totals.bytesOut == 10)
        used.release()
        #expect(fixture.service.record.backends.isEmpty)
        #expect(fixture.service.record.totals.bytesOut == 10)
        fixture.update(RoutingFixture.members([1]))
        _ = fixture.connect()
        #expect(fixture.service.record.totals.connections == 7)
    }

    @Test("options are those of the last update") func options() {
        let fixture = RoutingFixture()
        var content = RelayService.Content()
        content.options.proxyProtocol = .v2
        content.options.keepsClientAddress = true
        content.options.drainSeconds = 30
        _ = fixture.service.update(content)
        #expect(fixture.service.options == content.options)
        _ = fixture.service.update(RelayService.Content())
        #expect(fixture.service.options == RelayService.Options())
    }

    @Test("nothing of a backend is kept when the service and its connections are gone") func leaks() throws {
        weak var service: RelayService?
        weak var backend: RelayBackend?
        do {
            let fixture = RoutingFixture()
            fixture.update(RoutingFixture.members([1]))
            let used = try Self.chosen(fixture, 0)
            (service, backend) = (fixture.service, used)
            fixture.update([])
            used.release()
        }
        #expect(service == nil && backend == nil)
    }
}
