import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// A Service's ClusterIP that is local for a while: who answers before, meanwhile and afterwards.
@Suite(.enabled(if: Requirement.root, "needs root"), .timeLimit(.minutes(2)))
struct TakeoverTests {
    private static let transports = ["udp", "tcp"]

    private static func with(_ body: (LocalNode) async throws -> Void) async throws {
        let node = try await LocalNode.make()
        defer { node.close() }
        try await body(node)
    }

    @Test(arguments: IPFamily.allCases)
    func `a killed owner leaves its questions to the other endpoint`(_ family: IPFamily) async throws {
        try await Self.with { node in
            let source = SocketAddress(node.topology.pods[1].address(family), port: 5353)
            let host = SocketAddress(ServiceTopology.podGateway(family), port: 5354)
            #expect(try await node.ask("udp", family, from: node.client) == ["other"])
            let holder = try await node.startHolder()
            let server = try await node.startServer("here")
            // Local, but not yet answered at.
            for transport in Self.transports {
                #expect(try await node.ask(transport, family, from: node.client) == ["other"], "\(transport)")
            }
            holder.signal(SIGUSR1)
            try await holder.waitForLine(containing: "answering")
            _ = try await node.node.run(["conntrack", "-F"])
            for transport in Self.transports {
                let answers = try await node.ask(transport, family, from: node.client, count: 20)
                #expect(answers == Array(repeating: "here", count: 20), "\(transport)")
                #expect(try await node.ask(transport, family, from: node.topology.client) == ["here"], "\(transport)")
                #expect(try await node.ask(transport, family, from: node.node) == ["here"], "\(transport)")
                #expect(try await node.ask(transport, family, from: node.node, source: host) == ["here"], "\(transport)")
                let pinned = try await node.ask(transport, family, from: node.client, source: source)
                #expect(pinned == ["here"], "\(transport)")
            }
            let tracked = try await node.tracked(family)
            #expect(tracked == [], "what is answered here is not tracked")

            let begun = ContinuousClock.now
            holder.kill()
            server.kill()
            try await holder.waitForExit()
            // The same client port as before, then new ones.
            let answer = try await node.ask("udp", family, from: node.client, source: source, timeout: "2s")
            print("\(family): answered by \(answer) \(ContinuousClock.now - begun) after the kill")
            #expect(answer == ["other"])
            for transport in Self.transports {
                let answers = try await node.ask(transport, family, from: node.client, count: 20)
                #expect(answers == Array(repeating: "other", count: 20), "\(transport)")
                #expect(try await node.ask(transport, family, from: node.node) == ["other"], "\(transport)")
            }
        }
    }

    @Test(arguments: IPFamily.allCases)
    func `an owner that ends in order loses no question`(_ family: IPFamily) async throws {
        try await Self.with { node in
            let holder = try await node.startHolder()
            let server = try await node.startServer("here")
            let asking = try node.keepAsking("udp", family, rate: 500)
            try await asking.waitForLine(containing: "other")
            holder.signal(SIGUSR1)
            try await asking.waitForLine(containing: "here")
            holder.signal(SIGUSR2)
            try await holder.waitForLine(containing: "ended")
            // What the server has by now it answers, for its address is still local.
            try await asking.waitForLine(containing: "other", from: asking.lines.count)
            let answers = try await node.ask("tcp", family, from: node.client, count: 20)
            #expect(answers == Array(repeating: "other", count: 20))
            holder.terminate()
            #expect(try await holder.waitForExit() == .exited(0))
            try await asking.waitForLine(containing: "other", from: asking.lines.count)
            server.kill()
            asking.kill()
            try await asking.waitForExit()
            #expect(Set(asking.lines.compactMap { $0.split(separator: " ").first }) == ["here", "other"])
            let output = try await node.node.run(["nft", "list", "tables"])
            #expect(!output.standardOutput.contains("fairway-dns"))
        }
    }

    @Test(arguments: IPFamily.allCases, [true, false])
    func `a restart does not ask the other endpoint`(_ family: IPFamily, _ isKilled: Bool) async throws {
        try await Self.with { node in
            let old = try await node.startHolder()
            let server = try await node.startServer("here")
            old.signal(SIGUSR1)
            try await old.waitForLine(containing: "answering")
            let asking = try node.keepAsking("udp", family, rate: 500)
            try await asking.waitForLine(containing: "here")
            let new = try await node.startHolder()
            new.signal(SIGUSR1)
            try await new.waitForLine(containing: "answering")
            if isKilled {
                old.kill()
            } else {
                old.signal(SIGUSR2)
                try await old.waitForLine(containing: "ended")
                old.terminate()
            }
            try await old.waitForExit()
            try await asking.waitForLine(containing: "here", from: asking.lines.count)
            asking.kill()
            try await asking.waitForExit()
            #expect(Set(asking.lines.compactMap { $0.split(separator: " ").first }) == ["here"])
            for transport in Self.transports {
                #expect(try await node.ask(transport, family, from: node.client) == ["here"], "\(transport)")
            }
            new.kill()
            server.kill()
            try await new.waitForExit()
            #expect(try await node.ask("udp", family, from: node.client) == ["other"])
        }
    }

    @Test(arguments: IPFamily.allCases)
    func `other ports of the local ClusterIP are refused at once`(_ family: IPFamily) async throws {
        try await Self.with { node in
            let holder = try await node.startHolder()
            holder.signal(SIGUSR1)
            try await holder.waitForLine(containing: "answering")
            let target = SocketAddress(LocalNode.clusterIP(family), port: 54)
            let echo = try productPath("fairway-echo")
            for transport in Self.transports {
                let output = try await node.client.run([echo, "connect", transport, "\(target)", "--timeout", "5s"])
                #expect(output.standardOutput == "refused\n", "\(transport)")
            }
        }
    }
}
