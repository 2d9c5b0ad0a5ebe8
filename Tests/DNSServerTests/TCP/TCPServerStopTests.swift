import LinuxSystem
import NetworkNamespaceTesting
import Testing

@testable import DNSServer

@Suite struct TCPServerStopTests {
    @Test func `stopping waits for outstanding answers, then ends the connection`() async throws {
        let forwards = HeldForwards()
        try await withTCPServer(forwarder: forwards) { server, address in
            async let outcome = onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: [Script.forward.message(1)])
                return (try stream.receive(1).map(id), try stream.receive() == nil)
            }
            await forwards.wait(for: 1)
            async let stopped: Void = server.stop()
            try await onClientThread {
                // The listener goes first.
                while (try? TestStream(to: address)) != nil { try pause() }
            }
            #expect(server.counters.open == 1)
            forwards.release()
            let (ids, isEnded) = try await outcome
            await stopped
            #expect(ids == [1])
            #expect(isEnded)
            #expect(server.counters.open == 0)
            #expect(server.counters.closed[.stopped] == 1)
        }
    }

    @Test func `what is in flight when the stop begins is answered`() async throws {
        try await withTCPServer { server, address in
            async let stopping: Void = onClientThread {
                while server.counters.queries == 0 { try pause() }
            }
            async let answers = onClientThread {
                var counts: [Int] = []
                for _ in 0..<20 {
                    var stream = try TestStream(to: address)
                    try stream.send(frames: (0..<100).map { Script.echo.message($0) })
                    try stream.shutdownSending()
                    counts.append(try stream.receive(100).count)
                    if server.counters.queries > 1500 { break }
                }
                return counts
            }
            try await stopping
            let counts = try await answers
            await server.stop()
            #expect(counts.allSatisfy { $0 == 100 })
        }
    }

    @Test func `connections that wait to be accepted are accepted before the listener closes`() async throws {
        try await withTCPServer { server, address in
            // Connected and asked, but nobody says that the server has seen them.
            async let answers = onClientThread {
                var first = try TestStream(to: address)
                var second = try TestStream(to: address)
                try first.send(frames: [Script.echo.message(1)])
                try second.send(frames: [Script.echo.message(2)])
                return (try first.receive(1).map(id), try second.receive(1).map(id))
            }
            try await onClientThread { while server.counters.accepted == 0 { try pause() } }
            // From here on the second may still wait in the kernel.
            let (first, second) = try await answers
            await server.stop()
            #expect(first == [1])
            #expect(second == [2])
        }
    }

    @Test func `after its deadline a stop cuts off what is left`() async throws {
        let forwards = HeldForwards()
        try await withTCPServer(forwarder: forwards) { server, address in
            async let isEnded = onClientThread {
                var stream = try TestStream(to: address)
                try stream.send(frames: [Script.forward.message(1)])
                return try stream.receive() == nil
            }
            await forwards.wait(for: 1)
            await server.stop(within: .milliseconds(50))
            #expect(server.counters.open == 0)
            #expect(try await isEnded)
            // Too late, and harmless.
            forwards.release()
        }
    }

    @Test(.enabled(if: Requirement.tool("dig"), "needs dig"))
    func `dig keeps its connection open for several queries`() async throws {
        try await withTCPServer { server, address in
            let dig = try #require(toolPath("dig"))
            let output = try await onClientThread {
                try ProcessRequest(
                    path: dig,
                    arguments: [
                        "@127.0.0.1", "-p", "\(address.port)", "+tcp", "+keepopen", "+tries=1", "+time=10",
                        "one.example", "A", "two.example", "AAAA", "three.example", "TXT",
                    ]
                ).collectOutput(timeout: .seconds(30))
            }
            #expect(output.standardOutput.components("status: NOERROR") == 3, "\(output)")
            #expect(server.counters.accepted == 1)
            #expect(server.counters.queries == 3)
        }
    }
}

extension String {
    /// How often `part` is in it.
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}
