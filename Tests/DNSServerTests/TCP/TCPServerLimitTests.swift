import LinuxSystem
import NetworkTypes
import Testing

@testable import DNSServer

/// Every limit of `TCPLimits`, over real sockets.
@Suite struct TCPServerLimitTests {
    @Test func `at the limit the oldest idle connection is closed, not one that asked since`() async throws {
        var limits = TCPLimits()
        limits.connections = 2
        try await withTCPServer(limits: limits, threads: 1) { server, address in
            let (closed, second, newcomer) = try await onClientThread {
                var first = try TestStream(to: address)
                var second = try TestStream(to: address)
                for stream in [1, 2, 1] {
                    // The first one asks last: the second has been idle longer.
                    if stream == 1 {
                        try first.send(frames: [Script.echo.message(1)])
                        _ = try first.receive()
                    } else {
                        try second.send(frames: [Script.echo.message(2)])
                        _ = try second.receive()
                    }
                }
                var third = try TestStream(to: address)
                try third.send(frames: [Script.echo.message(3)])
                let newcomer = try third.receive(1).map(id)
                let closed = try second.receive() == nil
                try first.send(frames: [Script.echo.message(4)])
                return (closed, try first.receive(1).map(id), newcomer)
            }
            #expect(closed)
            #expect(second == [4])
            #expect(newcomer == [3])
            await server.stop()
            #expect(server.counters.closed[.evicted] == 1)
            #expect(server.counters.refused == 0)
            #expect(server.counters.accepted == 3)
            #expect(server.counters.open == 0)
        }
    }

    @Test func `with every connection busy the newcomer is refused, and the busy ones get their answers`() async throws {
        let forwards = HeldForwards()
        var limits = TCPLimits()
        limits.connections = 2
        try await withTCPServer(limits: limits, forwarder: forwards) { server, address in
            async let outcome = onClientThread {
                var first = try TestStream(to: address)
                var second = try TestStream(to: address)
                try first.send(frames: [Script.forward.message(1)])
                try second.send(frames: [Script.forward.message(2)])
                try waitUntil { forwards.count >= 2 }
                var third = try TestStream(to: address)
                let isRefused = try third.receive() == nil
                forwards.release()
                return (isRefused, try first.receive(1).map(id), try second.receive(1).map(id))
            }
            let (isRefused, first, second) = try await outcome
            #expect(isRefused)
            #expect(first == [1])
            #expect(second == [2])
            #expect(server.counters.refused == 1)
        }
    }

    @Test func `one client cannot take the connections of others`() async throws {
        let forwards = HeldForwards()
        var limits = TCPLimits()
        limits.connectionsPerClient = 1
        try await withTCPServer(limits: limits, forwarder: forwards) { server, address in
            let (isRefused, others) = try await onClientThread {
                let busy = try TestStream(to: address, from: pod(2))
                try busy.send(frames: [Script.forward.message(1)])
                try waitUntil { forwards.count >= 1 }
                var more = try TestStream(to: address, from: pod(2))
                let isRefused = try more.receive() == nil
                var other = try TestStream(to: address, from: pod(3))
                try other.send(frames: [Script.echo.message(2)])
                return (isRefused, try other.receive(1).map(id))
            }
            #expect(isRefused)
            #expect(others == [2])
            #expect(server.counters.refused == 1)
        }
    }

    @Test func `beyond its outstanding queries a connection is not read`() async throws {
        let forwards = HeldForwards()
        var limits = TCPLimits()
        limits.outstandingQueries = 2
        try await withTCPServer(limits: limits, forwarder: forwards) { server, address in
            async let answers = onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: (1...3).map { Script.forward.message($0) } + [Script.echo.message(4)])
                return try stream.receive(4).map(id)
            }
            await forwards.wait(for: 2)
            #expect(forwards.count == 2)
            forwards.release(1)
            // The third was taken only now.
            await forwards.wait(for: 2)
            #expect(server.counters.queries <= 4)
            forwards.release()
            let ids = try await answers
            #expect(ids.first == 2)
            #expect(ids.sorted() == [1, 2, 3, 4])
            #expect(server.counters.paused >= 1)
        }
    }

    @Test func `a slow reader is not read meanwhile, and gets everything once it reads`() async throws {
        var limits = TCPLimits()
        limits.queuedBytes = 100_000
        try await withTCPServer(limits: limits) { server, address in
            let (count, other) = try await onClientThread {
                var stream = try TestStream(to: address, receiveBuffer: 4096)
                // 12 MB of answers: far more than the kernel takes.
                try stream.send(frames: (0..<200).map { Script.large.message($0, 60) })
                try waitUntil { server.counters.paused > 0 }
                var other = try TestStream(to: address)
                try other.send(frames: [Script.echo.message(9)])
                let answered = try other.receive(1).map(id)
                return (try stream.receive(200).map(id), answered)
            }
            #expect(count == Array(0..<200))
            #expect(other == [9])
        }
    }

    @Test func `a client that takes nothing is cut off`() async throws {
        var limits = TCPLimits()
        limits.queuedBytes = 100_000
        limits.writeTimeout = .milliseconds(100)
        try await withTCPServer(limits: limits) { server, address in
            try await onClientThread {
                var stream = try TestStream(to: address, receiveBuffer: 4096)
                try stream.send(frames: (0..<200).map { Script.large.message($0, 60) })
                try waitUntil { server.counters.closed[.slowReader] == 1 }
                while try stream.receive() != nil {}
            }
            let closed = server.counters.closed.filter { $0.value > 0 }
            #expect(closed == [.slowReader: 1])
        }
    }

    @Test func `without a first query a connection ends, also when bytes dribble in`() async throws {
        var limits = TCPLimits()
        limits.firstQueryTimeout = .milliseconds(100)
        limits.idleTimeout = .seconds(1000)
        try await withTCPServer(limits: limits) { server, address in
            let isEnded = try await onClientThread {
                var stream = try TestStream(to: address)
                try stream.send([0, 20, 1, 2, 3])
                return try stream.receive() == nil
            }
            #expect(isEnded)
            await server.stop()
            #expect(server.counters.closed[.noQuery] == 1)
        }
    }

    @Test func `an idle connection ends, one that waits for an answer does not`() async throws {
        let forwards = HeldForwards()
        var limits = TCPLimits()
        limits.idleTimeout = .milliseconds(50)
        try await withTCPServer(limits: limits, forwarder: forwards) { server, address in
            let (waited, isEnded) = try await onClientThread {
                var waiting = try TestStream(to: address)
                try waiting.send(frames: [Script.forward.message(1)])
                var idle = try TestStream(to: address)
                try idle.send(frames: [Script.echo.message(2)])
                _ = try idle.receive()
                let isEnded = try idle.receive() == nil
                forwards.release()
                return (try waiting.receive(1).map(id), isEnded)
            }
            #expect(waited == [1])
            #expect(isEnded)
            await server.stop()
            #expect((server.counters.closed[.idle] ?? 0) >= 1)
        }
    }
}

/// A client's address of its own.
private func pod(_ last: UInt32) -> SocketAddress { SocketAddress(IPAddress(v4: 0x7F00_0000 + last), port: 0) }
