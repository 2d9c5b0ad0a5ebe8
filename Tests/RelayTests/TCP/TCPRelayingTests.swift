import Glibc
import LinuxSystem
import NetworkTypes
import Testing

@testable import Relay

@Suite struct TCPRelayingTests {
    @Test("random writes, reads, half closes and resets come out as between two sockets", arguments: ["127.0.0.1", "[::1]"])
    func model(_ host: String) async throws {
        let rounds = environmentNumber("FAIRWAY_SOAK_RELAY") > 0 ? 5000 : 150
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend(at: "\(host):0")
            let relay = try TestRelay(to: [backend.address], at: "\(host):0")
            for round in 0..<rounds {
                var model = try StreamModel(relay, backend, seed: seed &+ UInt64(round))
                do { try model.run() } catch { throw TestFailure("seed \(seed), round \(round): \(error)") }
            }
            try relay.settle("every connection has ended") { relay.engine.connections().isEmpty }
            #expect(relay.backends[0].active == 0)
        }
    }

    @Test("both directions at once, byte for byte") func bulk() async throws {
        let count = environmentNumber("FAIRWAY_SOAK_RELAY") > 0 ? 1 << 30 : 64 << 20
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address])
            let client = try TestStream(to: relay.address)
            let (server, _) = try backend.accept()
            let (up, down) = (Pattern(seed: 1), Pattern(seed: 2))
            let outcome = Outcomes()
            let threads = Latch(count: 4)
            let jobs: [@Sendable () throws -> Void] = [
                { try send(up, count, client) }, { try receive(up, count, server) },
                { try send(down, count, server) }, { try receive(down, count, client) },
            ]
            for job in jobs {
                _ = try DedicatedThread(named: "bulk") {
                    do { try job() } catch { outcome.add("\(error)") }
                    threads.countDown()
                }
            }
            threads.wait()
            #expect(outcome.failures == [])
            try relay.settle("the connection has ended") { relay.engine.connections().isEmpty }
            #expect(relay.engine.statistics.ends == [.finished: 1])
            let counts = relay.backends[0].traffic.counts
            #expect(counts.bytesIn == UInt64(count))
            #expect(counts.bytesOut == UInt64(count))
        }
    }

    @Test("urgent data stays in the stream, in its place", arguments: [1, 200_000])
    func urgent(_ around: Int) async throws {
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address])
            let client = try TestStream(to: relay.address)
            let (server, _) = try backend.accept()
            let reader = Latch(count: 1)
            let outcome = Outcomes()
            let pattern = Pattern(seed: 3)
            _ = try DedicatedThread(named: "read") {
                do {
                    for part in 0..<3 {
                        try receive(pattern, around, server, toEnd: false)
                        let urgent = try server.read(exactly: 1)
                        if urgent != [UInt8(part)] { throw TestFailure("\(urgent) in place of \(part)") }
                    }
                    let rest = try server.readToEnd()
                    if rest != [] { throw TestFailure("\(rest.count) bytes after the end") }
                } catch { outcome.add("\(error)") }
                reader.countDown()
            }
            for part in 0..<3 {
                try send(pattern, around, client, ending: false)
                try client.sendUrgent(UInt8(part))
            }
            try client.end()
            reader.wait()
            #expect(outcome.failures == [])
        }
    }

    @Test("a client that never reads stops its own direction only") func neverReads() async throws {
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address])
            let idle = try TestStream(to: relay.address)
            let (flood, _) = try backend.accept()
            let pattern = Pattern(seed: 4)
            var sent = 0
            // Until nothing more is taken for as long as another connection needs for its answer.
            while true {
                let count = try flood.writeSome(pattern.chunk(at: sent, count: 65536 - 16))
                sent += count
                if count == 0 {
                    try echo(relay, backend)
                    if try flood.writeSome(pattern.chunk(at: sent, count: 1)) == 0 { break }
                    sent += 1
                }
            }
            #expect(relay.engine.connections().count == 1)
            // And nothing of it is lost.
            try flood.end()
            try receive(pattern, sent, idle)
        }
    }

    @Test("a client that sends one byte at a time is served as any other") func singleBytes() async throws {
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address])
            let client = try TestStream(to: relay.address)
            let (server, _) = try backend.accept()
            for byte in UInt8(0)..<100 {
                try client.write([byte])
                let got = try server.read(exactly: 1)
                #expect(got == [byte])
            }
        }
    }

    @Test("both sides have keep-alive") func keepAlive() async throws {
        try await DedicatedThread.run(named: "test") {
            let backend = try TestBackend()
            let relay = try TestRelay(to: [backend.address]) { $0.keepAliveAfter = .milliseconds(20) }
            let client = try TestStream(to: relay.address)
            let (server, _) = try backend.accept()
            // The kernel's table: "sl local_address rem_address st tx_queue:rx_queue tr:tm->when ...", where timer 2 is
            // keep-alive. Ports are hexadecimal.
            func hasTimer(_ column: Int, _ port: UInt16) -> Bool {
                guard let file = try? FileDescriptor(opening: "/proc/net/tcp"), let bytes = try? file.readAll() else {
                    return false
                }
                let suffix = ":" + String(port, radix: 16, uppercase: true)
                return bytes.split(separator: UInt8(ascii: "\n")).contains { line in
                    let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
                    return words.count > 5 && words[column].hasSuffix(suffix) && words[3] == "01"
                        && words[5].hasPrefix("02:")
                }
            }
            // The relay's socket to the client has the relay's port, and the one to the backend goes to the backend's.
            try relay.settle("keep-alive with the client") { hasTimer(1, relay.address.port) }
            try relay.settle("keep-alive with the backend") { hasTimer(2, backend.address.port) }
            client.close()
            server.close()
        }
    }

    private func echo(_ relay: TestRelay, _ backend: TestBackend) throws {
        let client = try TestStream(to: relay.address)
        let (server, _) = try backend.accept()
        try client.write("ping")
        try server.write(try server.read(exactly: 4))
        _ = try client.read(exactly: 4)
        try client.end()
        _ = try server.readToEnd()
        server.close()
        _ = try client.readToEnd()
        client.close()
        try relay.settle("it has ended") { relay.engine.connections().count == 1 }
    }
}

func send(_ pattern: Pattern, _ count: Int, _ stream: TestStream, ending: Bool = true) throws {
    var sent = 0
    while sent < count {
        let part = try stream.writeSome(pattern.chunk(at: sent, count: min(Pattern.chunkLimit, count - sent)))
        sent += part
        if part == 0 { try stream.wait(for: Int16(POLLOUT)) }
    }
    if ending { try stream.end() }
}

func receive(_ pattern: Pattern, _ count: Int, _ stream: TestStream, toEnd: Bool = true) throws {
    var received = 0
    while received < count {
        let bytes = try stream.read(limit: min(1 << 16, count - received))
        if bytes.isEmpty { throw TestFailure("the end after \(received) of \(count) bytes") }
        guard pattern.matches(bytes, at: received) else { throw TestFailure("other bytes at \(received)") }
        received += bytes.count
    }
    guard toEnd else { return }
    let rest = try stream.read()
    if !rest.isEmpty { throw TestFailure("more than \(count) bytes") }
}
