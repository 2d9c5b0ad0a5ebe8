import LinuxSystem
import Testing

@testable import Relay

@Suite struct TCPDrainingTests {
    @Test("connections of a backend that has gone are reset when the time to drain is over") func deadline() async throws {
        try await DedicatedThread.run(named: "test") {
            let (going, staying) = (try TestBackend(), try TestBackend())
            var options = RelayService.Options()
            options.drainSeconds = 1
            let relay = try TestRelay(to: [going.address, staying.address], options: options)
            var clients: [TestStream] = []
            for _ in 0..<4 { clients.append(try TestStream(to: relay.address)) }
            let gone = try (0..<2).map { _ in try going.accept().stream }
            let stayed = try (0..<2).map { _ in try staying.accept().stream }
            try relay.settle("established") { relay.engine.connections().allSatisfy { $0.state == .established } }
            relay.service.update(options, cluster: [relay.backends[1]], local: [])
            relay.engine.backendsChanged()
            try relay.settle("draining") { relay.engine.connections().count { $0.state == .draining } == 2 }
            // They work meanwhile.
            try gone[0].write("late")
            for stream in gone {
                let error = try stream.readToError()
                #expect(error == .connectionReset)
            }
            #expect(relay.engine.statistics.ends == [.drained: 2])
            #expect(relay.backends[0].active == 0)
            for stream in stayed { try stream.write("there") }
            try relay.settle("two are left") { relay.engine.connections().count == 2 }
        }
    }

    @Test("without a time to drain, connections of a backend that has gone go on") func unlimited() async throws {
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address])
            let client = try TestStream(to: relay.address)
            let (server, _) = try backend.accept()
            try relay.settle("established") { relay.engine.connections().map(\.state) == [.established] }
            relay.service.update(RelayService.Options(), cluster: [], local: [])
            relay.engine.backendsChanged()
            try relay.settle("draining") { relay.engine.connections().map(\.state) == [.draining] }
            try client.write("ping")
            let bytes = try server.read(exactly: 4)
            #expect(bytes == Array("ping".utf8))
            relay.service.update(RelayService.Options(), cluster: relay.backends, local: [])
            relay.engine.backendsChanged()
            try relay.settle("back") { relay.engine.connections().map(\.state) == [.established] }
        }
    }

    @Test("the end waits for connections, and resets those that are left") func finish() async throws {
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address])
            let client = try TestStream(to: relay.address)
            let (server, _) = try backend.accept()
            try relay.settle("established") { relay.engine.connections().map(\.state) == [.established] }
            relay.engine.finish(within: .seconds(600))
            try client.write("ping")
            let bytes = try server.read(exactly: 4)
            #expect(bytes == Array("ping".utf8))
            // The worker may look at the client before it is told to stop to listen.
            try relay.settle("nobody listens") {
                do {
                    try TestStream(to: relay.address).close()
                    return false
                } catch {
                    return error as? Errno == .connectionRefused
                }
            }
            relay.engine.finish(within: .zero)
            relay.engine.waitUntilFinished()
            let error = try client.readToError()
            #expect(error == .connectionReset)
            #expect(relay.engine.statistics.ends[.stopped] == 1)
        }
    }
}
