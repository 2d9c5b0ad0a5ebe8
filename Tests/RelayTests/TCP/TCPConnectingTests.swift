import LinuxSystem
import NetworkTypes
import Testing

@testable import Relay

@Suite struct TCPConnectingTests {
    @Test("a client sees one working connection where backends refuse, and none is tried twice")
    func refusing() async throws {
        try await DedicatedThread.run(named: "test") {
            let refusing = try (0..<3).map { _ in try RefusingBackend() }
            let backend = try TestBackend()
            let relay = try TestRelay(to: refusing.map(\.address) + [backend.address])
            let count = 200
            for _ in 0..<count { try exchange(relay, backend) }
            let failures = relay.backends.map(\.traffic.counts.failures)
            // A connection that a backend was tried for twice would make it more.
            #expect(failures.allSatisfy { $0 <= UInt64(count) })
            #expect(relay.backends[3].traffic.counts.connections == UInt64(count))
            #expect(relay.backends[3].traffic.counts.retries > 0)
            #expect(relay.engine.statistics.refusals == [:])
            #expect(relay.backends.map(\.active) == [0, 0, 0, 0])
        }
    }

    @Test("a backend that does not answer is followed by the next") func silent() async throws {
        try await DedicatedThread.run(named: "test") {
            let silent = try SilentBackend()
            let backend = try TestBackend()
            let relay = try TestRelay(to: [silent.address, backend.address]) {
                $0.connectTimeouts = [.milliseconds(30), .milliseconds(30)]
            }
            for _ in 0..<6 { try exchange(relay, backend) }
            let counts = relay.backends.map(\.traffic.counts)
            #expect(counts[0].connections == 0)
            #expect(counts[0].failures > 0)
            #expect(counts[1].connections == 6)
            #expect(relay.engine.statistics.refusals == [:])
        }
    }

    @Test("a client is reset when every backend has failed, each tried once") func allFailed() async throws {
        try await DedicatedThread.run(named: "test") {
            let silent = try SilentBackend()
            let refusing = try (0..<2).map { _ in try RefusingBackend() }
            let relay = try TestRelay(to: [silent.address] + refusing.map(\.address)) {
                $0.connectTimeouts = [.milliseconds(20), .milliseconds(20), .milliseconds(20), .milliseconds(20)]
            }
            let error = try TestStream.errorOfClient(of: relay.address)
            #expect(error == .connectionReset)
            #expect(relay.engine.statistics.refusals == [.allFailed: 1])
            #expect(relay.backends.map(\.traffic.counts.failures) == [1, 1, 1])
            try relay.settle("it has ended") { relay.engine.connections().isEmpty }
            #expect(relay.backends.map(\.active) == [0, 0, 0])
        }
    }

    @Test("no more backends are tried than the limit, however many refuse") func attempts() async throws {
        try await DedicatedThread.run(named: "test") {
            let refusing = try (0..<4).map { _ in try RefusingBackend() }
            let relay = try TestRelay(to: refusing.map(\.address)) { $0.backendLimit = 2 }
            let error = try TestStream.errorOfClient(of: relay.address)
            #expect(error == .connectionReset)
            #expect(relay.backends.map(\.traffic.counts.failures).reduce(0, +) == 2)
        }
    }

    @Test("refusals take none of the times: of many backends the one that is well is found") func manyRefuse() async throws {
        try await DedicatedThread.run(named: "test") {
            let refusing = try (0..<8).map { _ in try RefusingBackend() }
            let backend = try TestBackend()
            let relay = try TestRelay(to: refusing.map(\.address) + [backend.address]) {
                $0.connectTimeouts = [.seconds(5)]
            }
            for _ in 0..<20 { try exchange(relay, backend) }
            #expect(relay.engine.statistics.refusals == [:])
        }
    }

    @Test("the only backend that is left has all the time that there is") func slow() async throws {
        try await DedicatedThread.run(named: "test") {
            let silent = try SilentBackend()
            let relay = try TestRelay(to: [silent.address]) {
                $0.connectTimeouts = [.milliseconds(20), .milliseconds(40), .milliseconds(80)]
            }
            let began = ContinuousClock.now
            let error = try TestStream.errorOfClient(of: relay.address)
            #expect(error == .connectionReset)
            #expect(began.duration(to: .now) >= .milliseconds(140))
            #expect(relay.backends.map(\.traffic.counts.failures) == [1])
            #expect(relay.engine.statistics.refusals == [.allFailed: 1])
            #expect(relay.backends.map(\.active) == [0])
        }
    }

    @Test("what a client sent while backends failed reaches the one that answers") func earlyBytes() async throws {
        try await DedicatedThread.run(named: "test") {
            let silent = try SilentBackend()
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address, silent.address]) {
                $0.connectTimeouts = [.milliseconds(50), .seconds(5)]
            }
            let client = try TestStream(to: relay.address)
            let pattern = Pattern(seed: 5)
            try client.write(Array(pattern.chunk(at: 0, count: 30000)))
            try client.end()
            let (server, _) = try backend.accept()
            try receive(pattern, 30000, server)
            try server.write("done")
            server.close()
            let answer = try client.readToEnd()
            #expect(answer == Array("done".utf8))
        }
    }

    @Test("a refusal of the directory resets the client", arguments: [RelayRefusal.unknownFrontend, .policy])
    func refused(_ reason: RelayRefusal) async throws {
        try await DedicatedThread.run(named: "test") {
            let relay = try TestRelay(to: [])
            relay.directory.refuse(reason)
            let error = try TestStream.errorOfClient(of: relay.address)
            #expect(error == .connectionReset)
            #expect(relay.engine.statistics.refusals == [reason: 1])
            relay.directory.refuse(nil)
            let other = try TestStream.errorOfClient(of: relay.address)
            #expect(other == .connectionReset)
            #expect(relay.engine.statistics.refusals == [reason: 1, .noBackend: 1])
        }
    }

    @Test("the destination is the listener's own address, its fixed one, or what was bound")
    func destinations() async throws {
        try await DedicatedThread.run(named: "test") {
            let fixed = try #require(SocketAddress("10.96.0.10:80"))
            let own = try TestRelay(to: [])
            let wildcard = try TestRelay(to: [], at: "0.0.0.0:0")
            let other = try TestRelay(to: [], destination: .fixed(fixed))
            let target = try #require(SocketAddress("127.0.0.9:\(wildcard.address.port)"))
            for (relay, address, expected) in [
                (own, own.address, own.address), (wildcard, target, target), (other, other.address, fixed),
            ] {
                _ = try TestStream.errorOfClient(of: address)
                let destinations = relay.directory.requests.map(\.destination)
                #expect(destinations == [expected])
            }
        }
    }

    @Test("connections are listed as they are") func records() async throws {
        try await DedicatedThread.run(named: "test") {
            let silent = try SilentBackend()
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address]) { $0.workers = 2 }
            let client = try TestStream(to: relay.address)
            let (server, _) = try backend.accept()
            try relay.settle("established") { relay.engine.connections().map(\.state) == [.established] }
            let record = try #require(relay.engine.connections().first)
            #expect(record.service == "test/web")
            #expect(record.frontend == relay.address)
            #expect(record.backend == backend.address)
            try client.end()
            _ = try server.readToEnd()
            try relay.settle("half closed") { relay.engine.connections().map(\.state) == [.halfClosed] }
            relay.service.update(
                RelayService.Options(), cluster: [RelayBackend(silent.address)], local: [])
            relay.engine.backendsChanged()
            try relay.settle("draining") { relay.engine.connections().map(\.state) == [.draining] }
            let waiting = try TestStream(to: relay.address)
            try relay.settle("connecting") { relay.engine.connections().contains { $0.state == .connecting } }
            waiting.close()
            relay.engine.finish(within: .zero)
            relay.engine.waitUntilFinished()
            #expect(relay.engine.connections() == [])
        }
    }
}

/// One client's question and the answer, up to both ends.
func exchange(_ relay: TestRelay, _ backend: TestBackend) throws {
    let client = try TestStream(to: relay.address)
    try client.write("ping")
    let (server, _) = try backend.accept()
    try server.write(try server.read(exactly: 4))
    try server.end()
    let answer = try client.readToEnd()
    guard answer == Array("ping".utf8) else { throw TestFailure("\(answer) for an answer") }
    try client.end()
    _ = try server.readToEnd()
    client.close()
    server.close()
    try relay.settle("it has ended") { relay.engine.connections().isEmpty }
}
