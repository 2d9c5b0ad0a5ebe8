import LinuxSystem
import NetworkNamespaceTesting
import Testing

@testable import Relay

@Suite struct TCPLimitTests {
    @Test("at the limit listening stops, and goes on when nine tenths are left") func limit() async throws {
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address]) {
                $0.connectionLimit = 20
                $0.workers = 2
            }
            var pairs: [(client: TestStream, server: TestStream)] = []
            for _ in 0..<20 {
                let client = try TestStream(to: relay.address)
                pairs.append((client, try backend.accept().stream))
            }
            // The kernel takes it, and the relay leaves it there.
            let waiting = try TestStream(to: relay.address)
            try waiting.write("ping")
            try relay.settle("a pause") { relay.engine.statistics.pauses[.connections] != nil }
            #expect(relay.engine.connections().count == 20)
            for _ in 0..<2 {
                let early = try backend.acceptNow()
                #expect(early == nil)
                let pair = pairs.removeLast()
                pair.client.reset()
            }
            let (server, _) = try backend.accept()
            let bytes = try server.read(exactly: 4)
            #expect(bytes == Array("ping".utf8))
        }
    }

    @Test("without descriptors listening stops until something closes, and nothing spins")
    func descriptors() async throws {
        let backend = try TestBackend()
        // Room for some 30 connections.
        let relay = try RelayChild(to: [backend.address], workers: 1, descriptors: 80)
        defer { relay.process.close() }
        let address = try await relay.address()
        let clients = try await DedicatedThread.run(named: "test") {
            try (0..<60).map { _ in try TestStream(to: address) }
        }
        try await relay.process.waitForLine(containing: "paused resources")
        let served = try await DedicatedThread.run(named: "test") {
            let echo = try EchoServer(backend)
            defer { echo.stop() }
            for client in clients {
                // One that has been reset says so below.
                try? client.write("ping")
                try? client.end()
            }
            return try clients.count { client in
                do { return try client.readToEnd() == Array("ping".utf8) } catch is Errno { return false }
            }
        }
        // Those that came when nothing more could be opened wait. Only one that was accepted with the last descriptor is
        // reset, at most one for each time that listening went on.
        #expect(served > clients.count / 2)
        for client in clients { client.close() }
        let start = relay.process.lines.firstIndex { $0.hasPrefix("paused") } ?? 0
        try await relay.process.waitForLine(containing: "open 0", from: start)
    }
}
