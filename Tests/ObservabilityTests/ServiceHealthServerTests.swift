import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NetworkTypes
import Synchronization
import Testing

@testable import Observability

@Suite struct ServiceHealthServerTests {
    private func server(
        _ bound: @escaping @Sendable (BoundAddress) async -> Void, sharing: SharedConnections? = nil,
        _ health: @escaping @Sendable () -> ServiceHealth
    ) throws -> ServiceHealthServer {
        ServiceHealthServer(
            address: try #require(IPAddress("127.0.0.1")), port: 0, sharing: sharing, logger: ServerTests.logger,
            onBound: bound, health: health)
    }

    private func get(_ bound: BoundAddress, _ target: String) async throws -> HTTPGet.Reply {
        try await HTTPGet(
            address: SocketAddress(ipAddress: bound.host, port: bound.port), readTimeout: .seconds(10),
            maximumBodyBytes: 1 << 20)(target)
    }

    @Test(arguments: [
        (2, true, 200), (0, true, 503), (2, false, 503), (0, false, 503), (1, true, 200),
    ])
    func `an answer is 200 where endpoints are here and the rules keep up`(
        count: Int, isHealthy: Bool, status: Int
    ) async throws {
        let health = ServiceHealth(namespace: "shop", name: "web", localEndpoints: count, serviceProxyHealthy: isHealthy)
        try await whileServing { bound in
            try server(bound) { health }
        } _: { bound in
            for path in ["/", "/healthz", "/a/b?c=d"] {
                let reply = try await get(bound, path)
                #expect(reply.status == status, "\(path)")
                let body = String(decoding: reply.body, as: UTF8.self)
                #expect(
                    body == "{\n\t\"service\": {\n\t\t\"namespace\": \"shop\",\n\t\t\"name\": \"web\"\n\t},\n"
                        + "\t\"localEndpoints\": \(count),\n\t\"serviceProxyHealthy\": \(isHealthy)\n}")
                #expect(reply.headers["Content-Type"] == ["application/json"])
                #expect(reply.headers["X-Content-Type-Options"] == ["nosniff"])
                #expect(reply.headers["X-Load-Balancing-Endpoint-Weight"] == ["\(count)"])
            }
        }
    }

    @Test func `every request asks anew`() async throws {
        let count = Mutex(0)
        try await whileServing { bound in
            try server(bound) {
                ServiceHealth(namespace: "a", name: "b", localEndpoints: count.withLock { $0 }, serviceProxyHealthy: true)
            }
        } _: { bound in
            let before = try await get(bound, "/")
            count.withLock { $0 = 3 }
            let after = try await get(bound, "/")
            #expect(before.status == 503 && after.status == 200)
        }
    }

    @Test func `connections over the limit wait until others end`() async throws {
        try await whileServing { bound in
            try server(bound) {
                ServiceHealth(namespace: "a", name: "b", localEndpoints: 1, serviceProxyHealthy: true)
            }
        } _: { bound in
            let place = try SocketAddress(ipAddress: bound.host, port: bound.port)
            var silent: [any Channel] = []
            // The event loop takes some at once, and may have taken a few more than the limit by that.
            for _ in 0..<ServiceHealthServer.Limits.connections + 8 {
                silent.append(try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(to: place).get())
            }
            let late = HTTPGet(address: place, readTimeout: .milliseconds(500), maximumBodyBytes: 1 << 10)
            await #expect(throws: HTTPGet.Failure.self) { _ = try await late("/") }
            for channel in silent { try await channel.close().get() }
            let reply = try await get(bound, "/")
            #expect(reply.status == 200)
        }
    }

    /// Connections that say nothing.
    private func silent(_ count: Int, to bound: BoundAddress) async throws -> [any Channel] {
        let place = try SocketAddress(ipAddress: bound.host, port: bound.port)
        var channels: [any Channel] = []
        for _ in 0..<count {
            channels.append(try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(to: place).get())
        }
        return channels
    }

    @Test func `who takes all connections of one port leaves the others their own, and they go on when it ends`() async throws {
        let (shared, limit) = (SharedConnections(limit: 32), 32 + SharedConnections.Limits.own)
        let health = ServiceHealth(namespace: "a", name: "b", localEndpoints: 1, serviceProxyHealthy: true)
        try await whileServing { bound in
            try server(bound, sharing: shared) { health }
        } _: { greedy in
            try await whileServing { bound in
                try server(bound, sharing: shared) { health }
            } _: { modest in
                // The event loop takes some at once, and may have taken a few more than the limit by that.
                let taken = try await silent(limit + 8, to: greedy)
                let place = try SocketAddress(ipAddress: greedy.host, port: greedy.port)
                let late = HTTPGet(address: place, readTimeout: .milliseconds(500), maximumBodyBytes: 1 << 10)
                await #expect(throws: HTTPGet.Failure.self) { _ = try await late("/") }
                let full = shared.counts
                #expect(full.shared >= 32 && full.shared <= 36 && full.open >= limit, "\(full)")
                #expect(full.pauses[.all, default: 0] > 0 && full.pauses[.port] == nil, "\(full)")

                let reply = try await get(modest, "/")
                #expect(reply.status == 200)
                let more = try await silent(SharedConnections.Limits.own + 8, to: modest)
                let next = HTTPGet(
                    address: try SocketAddress(ipAddress: modest.host, port: modest.port), readTimeout: .milliseconds(500),
                    maximumBodyBytes: 1 << 10)
                await #expect(throws: HTTPGet.Failure.self) { _ = try await next("/") }

                // Connections of the other port end, none of this one.
                for channel in taken { try await channel.close().get() }
                let after = try await get(modest, "/")
                #expect(after.status == 200)
                for channel in more { try await channel.close().get() }
            }
        }
        // What a listener had is given back with it.
        let deadline = ContinuousClock.now + .seconds(10)
        while shared.counts.open != 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        #expect(shared.counts.open == 0 && shared.counts.shared == 0, "\(shared.counts)")
    }
}
