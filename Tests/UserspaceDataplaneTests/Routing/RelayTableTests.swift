import DataplaneTesting
import LinuxSystem
import NetworkTypes
import Relay
import ServiceTable
import Synchronization
import Testing
import UserspaceDataplane

@Suite struct RelayTableTests {
    static let everywhere = OriginVerdicts(all: .balance(.cluster, masquerade: true))
    static let request = RelayRequest(.tcp, from: "198.51.100.7:40000", to: "10.96.0.10:80")

    static func web(
        _ backends: [String], _ scheduler: Scheduler = .roundRobin, lingering: [String] = [], affinity: Affinity? = nil,
        relay: RelayPreferences = RelayPreferences(), name: String = "web", address: String = "10.96.0.10"
    ) -> ServicePort {
        let port = ServicePort.named(name, frontends: [.clusterIP(address, 80, everywhere)])
        return ServicePort(
            key: port.key, affinity: affinity, scheduler: scheduler,
            clusterBackends: BackendSet(backends.map { .at($0) }), frontends: port.frontends,
            lingering: lingering.map { .at($0) }, relay: relay)
    }

    final class Notices: Sendable {
        let count = Atomic(0)
    }

    /// A table that follows steps, and who was told of backends that went.
    final class Fixture {
        let relay: RelayTable
        private let notices = Notices()
        private(set) var table = ServiceTable()

        init(drainSeconds: Int? = nil) {
            relay = RelayTable(drainSeconds: drainSeconds)
            relay.notify { [notices] in notices.count.wrappingAdd(1, ordering: .relaxed) }
        }

        var noticed: Int { notices.count.load(ordering: .relaxed) }

        @discardableResult
        func become(_ ports: [ServicePort]) -> RelayTableReport {
            let next = ServiceTable.of(ports)
            let change = next.changes(from: table)
            table = next
            return relay.apply(change, family: .ipv4)
        }

        func choose(_ request: RelayRequest = RelayTableTests.request) -> RelayBackend? {
            guard case .relay(let service, let scope) = relay.answer(request) else { return nil }
            return service.choose(request, scope, after: [])
        }

        func connect(_ request: RelayRequest = RelayTableTests.request) -> String? {
            guard case .relay(let service, let scope) = relay.answer(request),
                let backend = service.choose(request, scope, after: [])
            else { return nil }
            service.succeeded(request, backend, took: .zero, isRetry: false)
            backend.release()
            return backend.address.description
        }
    }

    @Test("preferences and the time to drain are the service's options", arguments: [
        (RelayPreferences(), nil, nil, false), (RelayPreferences(proxyProtocol: .v1), 5, .v1, false),
        (RelayPreferences(proxyProtocol: .v2, keepsClientAddress: true), 0, .v2, true),
    ] as [(RelayPreferences, Int?, ProxyProtocol?, Bool)])
    func options(given: RelayPreferences, drain: Int?, header: ProxyProtocol?, keeps: Bool) throws {
        let fixture = Fixture(drainSeconds: drain)
        fixture.become([Self.web(["10.0.0.1:80"], relay: given)])
        guard case .relay(let service, .cluster) = fixture.relay.answer(Self.request) else {
            Issue.record("not relayed")
            return
        }
        #expect(service.name == "default/web/tcp")
        #expect(service.options.proxyProtocol == header)
        #expect(service.options.keepsClientAddress == keeps)
        #expect(service.options.drainSeconds == drain)
        // A connection that outlives its service drains by the same time.
        fixture.become([])
        #expect(service.options.drainSeconds == drain)
    }

    @Test(
        "clients' addresses are kept where answers come back, and there alone", arguments: [TransportProtocol.tcp, .udp],
        [true, false])
    func clientAddress(transport: TransportProtocol, answersReturn: Bool) {
        let plain = ServicePort.named("web", transport, frontends: [.clusterIP("10.96.0.10", 80, Self.everywhere)])
        let port = ServicePort(
            key: plain.key, clusterBackends: BackendSet([.at("10.0.0.1:80")]), frontends: plain.frontends,
            relay: RelayPreferences(keepsClientAddress: true))
        let relay = RelayTable(answersReturn: answersReturn)
        _ = relay.synchronize(.of([port]), family: .ipv4)
        let request = RelayRequest(transport, from: Self.request.client, to: Self.request.destination)
        guard case .relay(let service, .cluster) = relay.answer(request) else {
            Issue.record("not relayed")
            return
        }
        #expect(service.options.keepsClientAddress == answersReturn)
    }

    @Test("the service and its backends are the same over changes of anything else") func identity() throws {
        let fixture = Fixture()
        fixture.become([Self.web(["10.0.0.1:80"])])
        let before = try #require(fixture.choose())
        fixture.become([Self.web(["10.0.0.1:80", "10.0.0.2:80"], .maglev, affinity: Affinity(timeoutSeconds: 5))])
        fixture.become([Self.web(["10.0.0.1:80"])])
        let after = try #require(fixture.choose())
        #expect(before === after)
        #expect(fixture.noticed == 0)
        before.release()
        after.release()
    }

    @Test("one that lingers keeps its connections; once nobody knows it, it is gone and that is told once")
    func gone() throws {
        let fixture = Fixture()
        fixture.become([Self.web(["10.0.0.1:80"])])
        let used = try #require(fixture.choose())
        fixture.become([Self.web(["10.0.0.2:80"], lingering: ["10.0.0.1:80"])])
        #expect(!used.isGone && fixture.noticed == 0)
        #expect(fixture.connect() == "10.0.0.2:80")
        #expect(fixture.become([Self.web(["10.0.0.2:80"])]).backendsGone == 1)
        #expect(used.isGone && fixture.noticed == 1)
        fixture.become([Self.web(["10.0.0.3:80"])])
        #expect(fixture.noticed == 1)
        used.release()
    }

    @Test("a set that is emptied marks its backends as gone too") func emptied() throws {
        let fixture = Fixture()
        fixture.become([Self.web(["10.0.0.1:80"])])
        let used = try #require(fixture.choose())
        let without = ServicePort.named("web", frontends: [.clusterIP("10.96.0.10", 80, OriginVerdicts(all: .reject))])
        #expect(fixture.become([without]).backendsGone == 1)
        #expect(used.isGone && fixture.noticed == 1)
        guard case .refuse(.noBackend) = fixture.relay.answer(Self.request) else {
            Issue.record("not refused for want of a backend")
            return
        }
        used.release()
    }

    @Test("a service that comes back while it has connections is the same, otherwise it is not kept")
    func comesBack() throws {
        let fixture = Fixture()
        weak var forgotten: RelayService?
        fixture.become([Self.web(["10.0.0.1:80"])])
        let used = try #require(fixture.choose())
        fixture.become([])
        #expect(used.isGone && fixture.noticed == 1)
        #expect(fixture.choose() == nil)
        #expect(fixture.relay.records.map(\.record.backends.count) == [1])
        fixture.become([Self.web(["10.0.0.1:80"])])
        do {
            let again = try #require(fixture.choose())
            #expect(again === used && !used.isGone)
            again.release()
            if case .relay(let service, _) = fixture.relay.answer(Self.request) { forgotten = service }
        }
        #expect(forgotten != nil)
        used.release()
        fixture.become([])
        #expect(forgotten == nil)
        #expect(fixture.relay.records.isEmpty)
    }

    @Test("services that ended with connections are forgotten when these have ended") func forgotten() {
        let fixture = Fixture()
        var services: [() -> RelayService?] = []
        for number in 0..<100 {
            fixture.become([Self.web(["10.0.0.1:80"], name: "s\(number)")])
            let used = fixture.choose()
            if case .relay(let service, _) = fixture.relay.answer(Self.request) {
                services.append { [weak service] in service }
            }
            fixture.become([])
            used?.release()
        }
        // Looked through now and then, not at every step.
        #expect(services.filter { $0() != nil }.count <= 17)
        #expect(fixture.relay.records.isEmpty)
        #expect(services.allSatisfy { $0() == nil })
    }

    @Test("a frontend that passes from one service port to another is the new one's, in whatever order they are named")
    func passes() {
        for names in [["a", "b"], ["b", "a"]] {
            let fixture = Fixture()
            fixture.become([Self.web(["10.0.0.1:80"], name: names[0])])
            fixture.become([Self.web(["10.0.0.2:80"], name: names[1])])
            #expect(fixture.connect() == "10.0.0.2:80")
        }
    }

    @Test("the ports of a Service remember together where it says so", arguments: [Affinity.Scope.service, .servicePort])
    func affinity(_ scope: Affinity.Scope) {
        let fixture = Fixture()
        let affinity = Affinity(scope: scope, timeoutSeconds: 60)
        func port(_ name: String, _ number: PortNumber, _ backends: [String]) -> ServicePort {
            .named(
                "web", port: name, affinity: affinity, scheduler: .roundRobin, cluster: backends.map { .at($0) },
                frontends: [.clusterIP("10.96.0.10", number, Self.everywhere)])
        }
        fixture.become([
            port("http", 80, ["10.0.0.1:8080", "10.0.0.2:8080"]), port("metrics", 90, ["10.0.0.1:9090", "10.0.0.2:9090"]),
        ])
        let metrics = RelayRequest(.tcp, from: "198.51.100.7:40001", to: "10.96.0.10:90")
        #expect(fixture.connect(RelayRequest(.tcp, from: "198.51.100.8:1", to: "10.96.0.10:80")) == "10.0.0.1:8080")
        #expect(fixture.connect() == "10.0.0.2:8080")
        #expect(fixture.connect(metrics) == (scope == .service ? "10.0.0.2:9090" : "10.0.0.1:9090"))
        #expect(fixture.relay.records.map(\.record.clients) == (scope == .service ? [2, 2] : [2, 1]))
    }

    @Test("connections go on being relayed while one thread changes everything") func concurrently() async {
        let relay = RelayTable()
        let ports = (0..<4).map { Self.web((1...($0 + 1)).map { "10.0.0.\($0):80" }, .leastConnections) }
        _ = relay.synchronize(.of([ports[0]]), family: .ipv4)
        await withTaskGroup(of: Int.self) { group in
            group.addTask {
                var old = ServiceTable.of([ports[0]])
                for round in 1...1_000 {
                    let new = ServiceTable.of([ports[round % 4]])
                    _ = relay.apply(new.changes(from: old), family: .ipv4)
                    old = new
                }
                return 0
            }
            for _ in 0..<3 {
                group.addTask {
                    var unanswered = 0
                    for _ in 0..<10_000 {
                        guard case .relay(let service, let scope) = relay.answer(Self.request),
                            let backend = service.choose(Self.request, scope, after: [])
                        else {
                            unanswered += 1
                            continue
                        }
                        service.succeeded(Self.request, backend, took: .zero, isRetry: false)
                        backend.release()
                    }
                    return unanswered
                }
            }
            for await unanswered in group { #expect(unanswered == 0) }
        }
        #expect(relay.records.map(\.record.totals.connections) == [30_000])
    }
}
