import Glibc
import LinuxSystem
import NetworkTypes
import Testing

@testable import DNSServer

/// The server over real loopback sockets, with a scripted answerer.
@Suite struct TCPServerTests {
    @Test func `five hundred pipelined queries are all answered`() async throws {
        let ids = try await withTCPServer { _, address in
            try await onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: (0..<500).map { Script.echo.message($0) })
                return try stream.receive(500).map(id)
            }
        }
        #expect(ids == Array(0..<500))
    }

    @Test func `a slow forwarded query holds up nobody, and answers come as they are ready`() async throws {
        let forwards = HeldForwards()
        try await withTCPServer(forwarder: forwards) { _, address in
            async let answers = onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: [Script.forward.message(1), Script.forward.message(2)])
                try stream.send(frames: (3..<50).map { Script.echo.message($0) })
                let early = try stream.receive(47).map(id)
                forwards.release()
                return (early, try stream.receive(2).map(id))
            }
            let (early, late) = try await answers
            #expect(early == Array(3..<50))
            #expect(late == [2, 1])
        }
    }

    @Test func `an answer that is there at once is written among the others`() async throws {
        try await withTCPServer(forwarder: HeldForwards(answersAtOnce: true)) { _, address in
            let ids = try await onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: (0..<100).map { ($0 % 2 == 0 ? Script.echo : .forward).message($0) })
                return try stream.receive(100).map(id)
            }
            #expect(ids == Array(0..<100))
        }
    }

    @Test func `frames split at every byte are read`() async throws {
        try await withTCPServer { _, address in
            let ids = try await onClientThread {
                var stream = try TestStream(to: address)
                let bytes = [Script.echo.message(1), Script.echo.message(2)].flatMap { frame($0) }
                var ids: [Int] = []
                for cut in 0...bytes.count {
                    try stream.send(bytes[..<cut])
                    try stream.send(bytes[cut...])
                    ids += try stream.receive(2).map(id)
                }
                for byte in bytes { try stream.send([byte]) }
                return ids + (try stream.receive(2).map(id))
            }
            #expect(ids == Array(repeating: [1, 2], count: 34).flatMap { $0 })
        }
    }

    @Test func `a half-closed connection still gets its answers, and then the end`() async throws {
        let forwards = HeldForwards()
        try await withTCPServer(forwarder: forwards) { server, address in
            async let answers = onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: [Script.forward.message(1), Script.echo.message(2)])
                try stream.shutdownSending()
                return (try stream.receive(2).map(id), try stream.receive() == nil)
            }
            await forwards.wait(for: 1)
            forwards.release()
            let (ids, isEnded) = try await answers
            #expect(ids == [2, 1])
            #expect(isEnded)
            await server.stop()
            #expect(server.counters.closed[.finished] == 1)
        }
    }

    @Test func `garbage is ignored and the connection goes on`() async throws {
        try await withTCPServer { server, address in
            let ids = try await onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: [[], [1], [UInt8](repeating: 7, count: 11), Script.drop.message(3)])
                try stream.send(frames: [Script.echo.message(4)])
                return try stream.receive(1).map(id)
            }
            #expect(ids == [4])
            #expect(server.counters.ignored == 4)
            #expect(server.counters.queries == 5)
        }
    }

    @Test func `a frame that is too long ends the connection after what was asked before it`() async throws {
        let forwards = HeldForwards()
        var limits = TCPLimits()
        limits.queryBytes = 64
        try await withTCPServer(limits: limits, forwarder: forwards) { server, address in
            async let answers = onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: [Script.echo.message(1), Script.forward.message(2)])
                try stream.send([0, 65, 1, 2, 3])
                return (try stream.receive(2).map(id), try stream.receive() == nil)
            }
            await forwards.wait(for: 1)
            forwards.release()
            let (ids, isEnded) = try await answers
            #expect(ids == [1, 2])
            #expect(isEnded)
            await server.stop()
            #expect(server.counters.closed[.oversized] == 1)
        }
    }

    @Test func `a connection ends after its number of queries, when it is idle`() async throws {
        var limits = TCPLimits()
        limits.queriesPerConnection = 3
        try await withTCPServer(limits: limits) { server, address in
            let (ids, isEnded) = try await onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: (0..<5).map { Script.echo.message($0) })
                return (try stream.receive(5).map(id), try stream.receive() == nil)
            }
            #expect(ids == [0, 1, 2, 3, 4], "what came in one go is answered before it is closed")
            #expect(isEnded)
            await server.stop()
            #expect(server.counters.closed[.queryLimit] == 1)
        }
    }

    @Test(arguments: [IPAddress("127.0.0.1"), IPAddress("::1")].compactMap { $0 })
    func `listeners come and go while connections live on`(address: IPAddress) async throws {
        try await withTCPServer { server, _ in
            let (first, answers) = try await onClientThread {
                let bound = try server.add(SocketAddress(address, port: 0))
                var stream = try TestStream(to: bound)
                try stream.send(frames: [Script.echo.message(1)])
                let first = try stream.receive(1).map(id)
                server.remove(bound)
                try stream.send(frames: [Script.echo.message(2)])
                let answers = try stream.receive(1).map(id)
                // Not at once: a process that another test starts at this moment has a copy of the listener until it
                // begins its own program.
                try waitUntil {
                    do {
                        _ = try TestStream(to: bound)
                        return false
                    } catch {
                        return error as? Errno == .connectionRefused
                    }
                }
                return (first, answers)
            }
            #expect(first == [1])
            #expect(answers == [2])
        }
    }

    @Test func `an address that is not this machine's is refused by name`() async throws {
        try await withTCPServer { server, _ in
            let message = try await onClientThread { () -> String in
                do throws(SystemError) {
                    try server.add(SocketAddress(IPAddress(v4: 0xC000_0201), port: 5353))
                    return "bound"
                } catch {
                    return error.description
                }
            }
            #expect(message == "cannot listen on TCP 192.0.2.1:5353: Cannot assign requested address")
        }
    }
}
