import Logging
import NIOCore
import NIOHTTP1
import NetworkTypes
import ServiceLifecycle
import Testing

@testable import Observability

/// Runs `server` until `body` returns; both may fail.
func whileServing<Bound: Sendable>(
    _ server: (@escaping @Sendable (Bound) async -> Void) throws -> any Service,
    _ body: @Sendable (Bound) async throws -> Void
) async throws {
    let (bound, continuation) = AsyncStream<Bound>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let service = try server { continuation.yield($0) }
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await service.run()
        }
        for await address in bound {
            try await body(address)
            break
        }
        group.cancelAll()
        try await group.waitForAll()
    }
}

@Suite struct ServerTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Sendable private func address(_ text: String) throws -> ListenAddress {
        try #require(try ListenAddress.parse(text, flag: "--healthz-bind-address"))
    }

    private func get(_ bound: BoundAddress, _ target: String) async throws -> HTTPGet.Reply {
        try await HTTPGet(
            address: SocketAddress(ipAddress: bound.host, port: bound.port), readTimeout: .seconds(10),
            maximumBodyBytes: 1 << 20)(target)
    }

    private func text(_ reply: HTTPGet.Reply) -> String {
        String(decoding: reply.body, as: UTF8.self)
    }

    @Test func `the health server answers by the state of the rules`() async throws {
        let clock = ManualClock()
        let health = HealthState(families: [.ipv4], healthTimeout: .seconds(60), clock: clock.now)
        let metrics = PrometheusMetrics()
        try await whileServing { bound in
            HealthServer(
                address: try address("127.0.0.1:0"), health: health, metrics: metrics, logger: Self.logger,
                onBound: bound)
        } _: { bound in
            #expect(bound.port != 0)
            #expect(try await get(bound, "/healthz").status == 200)
            let early = try await get(bound, "/readyz")
            #expect(early.status == 503)
            #expect(text(early) == "IPv4: the first sync is not committed yet\n")

            health.queued(.ipv4)
            health.synced(.ipv4)
            let ready = try await get(bound, "/readyz")
            #expect(ready.status == 200)
            #expect(text(ready) == "ok\n")

            let good = try await get(bound, "/healthz")
            #expect(text(good) == health.report().json(nodeEligible: true))
            #expect(good.headers["Content-Type"] == ["application/json"])
            #expect(good.headers["X-Content-Type-Options"] == ["nosniff"])

            health.queued(.ipv4)
            clock.advance(seconds: 61)
            #expect(try await get(bound, "/healthz?verbose").status == 503)
            let late = try await get(bound, "/livez")
            #expect(late.status == 503)
            #expect(text(late) == health.report().json())
            #expect(try await get(bound, "/metrics").status == 404)
        }
        let exposition = metrics.exposition()
        #expect(exposition.contains("kubeproxy_proxy_healthz_total{code=\"200\"} 2\n"))
        #expect(exposition.contains("kubeproxy_proxy_healthz_total{code=\"503\"} 1\n"))
        #expect(exposition.contains("kubeproxy_proxy_livez_total{code=\"503\"} 1\n"))
    }

    @Test func `a node that is leaving fails healthz and not livez`() async throws {
        let health = HealthState(families: [.ipv4], healthTimeout: .seconds(60))
        try await whileServing { bound in
            HealthServer(
                address: try address("127.0.0.1:0"), health: health, metrics: PrometheusMetrics(),
                nodeEligible: { false }, logger: Self.logger, onBound: bound)
        } _: { bound in
            let healthz = try await get(bound, "/healthz")
            #expect(healthz.status == 503)
            #expect(text(healthz).contains("\"nodeEligible\":false"))
            let livez = try await get(bound, "/livez")
            #expect(livez.status == 200)
            #expect(!text(livez).contains("nodeEligible"))
        }
    }

    @Test func `the metrics server has kube-proxy's pages`() async throws {
        let metrics = PrometheusMetrics()
        metrics.onScrape { $0.set("fairway_services", to: 42) }
        try await whileServing { bound in
            MetricsServer(
                address: try address(":0"), health: HealthState(families: [.ipv4], healthTimeout: .seconds(60)),
                metrics: metrics, proxyMode: "nftables", configuration: { "{\"mode\":\"nftables\"}" },
                logger: Self.logger, onBound: bound)
        } _: { wildcard in
            let host = wildcard.host.contains(":") ? "::1" : "127.0.0.1"
            let bound = BoundAddress(host: host, port: wildcard.port)
            let scrape = try await get(bound, "/metrics")
            #expect(scrape.headers["Content-Type"] == ["text/plain; version=0.0.4; charset=utf-8"])
            #expect(text(scrape).contains("# TYPE fairway_services gauge\nfairway_services 42\n"))
            #expect(text(try await get(bound, "/healthz")) == "ok")
            #expect(text(try await get(bound, "/proxyMode")) == "nftables")
            #expect(try await get(bound, "/readyz").status == 503)
            let configuration = try await get(bound, "/configz")
            #expect(text(configuration) == "{\"mode\":\"nftables\"}")
            #expect(configuration.headers["Content-Type"] == ["application/json"])
            #expect(try await get(bound, "/").status == 404)
        }
    }

    @Test func `a port that is taken is an error naming the flag, its value and the reason`() async throws {
        let health = HealthState(families: [.ipv4], healthTimeout: .seconds(60))
        let address = self.address
        @Sendable func server(
            _ text: String, _ bound: @escaping @Sendable (BoundAddress) async -> Void = { _ in }
        ) throws -> HealthServer {
            HealthServer(
                address: try address(text), health: health, metrics: PrometheusMetrics(), logger: Self.logger,
                onBound: bound)
        }
        try await whileServing {
            try server("127.0.0.1:0", $0)
        } _: { bound in
            let second = try server("\(bound)")
            let error = await #expect(throws: ListenError.self) { try await second.run() }
            #expect(error?.code == .bindFailed(errno: 98))
            #expect(
                error?.description
                    == "--healthz-bind-address \(bound): cannot listen: Address already in use (errno: 98)")
        }
    }

    @Test func `a graceful shutdown ends the server without an error`() async throws {
        let (bound, continuation) = AsyncStream<BoundAddress>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let server = HealthServer(
            address: try address("127.0.0.1:0"),
            health: HealthState(families: [.ipv4], healthTimeout: .seconds(60)), metrics: PrometheusMetrics(),
            logger: Self.logger, onBound: { continuation.yield($0) })
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: Self.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await _ in bound { break }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
