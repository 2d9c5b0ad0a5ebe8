import ClusterZone
import DNSWire
import LinuxSystem
import NetworkTypes
import Synchronization
import Testing

@testable import DNSServer

/// Keeps what it is given.
private final class KeepingSink: ForwardSink {
    let kept = Mutex<[(ForwardRequest, any ReplyPath)]>([])

    func forward(_ request: ForwardRequest, reply: any ReplyPath) {
        kept.withLock { $0.append((request, reply)) }
        reply.send(WireQuery("example.com").bytes)
    }
}

@Suite struct UDPServerTests {
    private static let query = WireQuery("api.default.svc.cluster.local", .a, edns: 1232)

    private func server(
        workers: Int = 2, options: ResponderOptions = ResponderOptions(), sink: (any ForwardSink)? = nil
    ) throws -> UDPServer {
        try UDPServer(
            UDPServer.Configuration(workerCount: workers, responder: options),
            zones: ZonePublisher(SmallCluster.zone()), forwarder: sink)
    }

    @Test("a client beyond its limit of NXDOMAIN is told to come by TCP, and is known by its address")
    func limitsNameErrorsByAddress() throws {
        var options = ResponderOptions()
        options.nameErrorLimit = NameErrorLimit(rate: 1, burst: 3, truncationInterval: 1)
        options.sampleInterval = 1
        for (family, address) in [(IPFamily.ipv4, loopback), (.ipv6, loopback6)] {
            let server = try server(workers: 1, options: options)
            defer { server.stop() }
            let bound = try server.add(SocketAddress(address, port: 0))
            let client = try UDPClient(family)
            let missing = WireQuery("nobody.default.svc.cluster.local", .a)
            var replies: [WireReply] = []
            for _ in 0..<20 { replies.append(try #require(try client.ask(missing, of: bound))) }
            #expect(replies.prefix(3).allSatisfy { $0.code == 3 && !$0.isTruncated })
            let truncated = replies.count { $0.isTruncated && $0.code == 0 && $0.authorities.isEmpty }
            let totals = ServerStatistics.totals(of: server.statistics)
            #expect(truncated > 0 && truncated == Int(totals.truncatedNameErrors))
            #expect(totals.withheldNameErrors == 0)
            let top = ServerStatistics.top(of: server.statistics, limit: 5)
            #expect(top.clients.map(\.address) == [address])
            #expect(top.clients.first?.figure.queries == 20)
            #expect(top.names.map(\.name.description) == ["nobody.default.svc.cluster.local."])
        }
    }

    @Test("answers over both families, from the address that was asked") func answersOverBothFamiliesFrom() throws {
        let server = try server()
        defer { server.stop() }
        for (family, address) in [
            (IPFamily.ipv4, loopback), (.ipv6, loopback6), (.ipv4, IPAddress(v4: 0)), (.ipv6, IPAddress(bits: 0, family: .ipv6)),
        ] {
            let bound = try server.add(SocketAddress(address, port: 0))
            // Another address of the same host where the server listens on all.
            let asked = family == .ipv6 ? loopback6 : address.isUnspecified ? IPAddress(v4: 0x7F00_0002) : address
            let client = try UDPClient(family)
            try client.send(Self.query, to: SocketAddress(asked, port: bound.port))
            let (reply, peer) = try #require(try client.receive())
            #expect(reply.answers == ["api.default.svc.cluster.local. 30 A 10.96.0.1"])
            #expect(peer == SocketAddress(asked, port: bound.port))
        }
        #expect(server.addresses.count == 4)
    }

    @Test("many queries at once are all answered") func manyQueriesAtOnceAre() throws {
        let server = try server()
        defer { server.stop() }
        let bound = try server.add(SocketAddress(loopback, port: 0))
        let clients = try (0..<8).map { _ in UDPClientBox(try UDPClient()) }
        for client in clients {
            for id in 0..<50 {
                var query = Self.query
                query.id = UInt16(id)
                try client.client.send(query, to: bound)
            }
        }
        for client in clients {
            var ids: Set<UInt16> = []
            for _ in 0..<50 { ids.insert(try #require(try client.client.receive()).reply.id) }
            #expect(ids.count == 50)
        }
        let totals = ServerStatistics.totals(of: server.statistics)
        #expect(totals.requests.values.reduce(0, +) == 400)
    }

    @Test("an address can come and go, and come again") func anAddressCanComeAnd() throws {
        let server = try server()
        defer { server.stop() }
        let stays = try server.add(SocketAddress(loopback, port: 0))
        let client = try UDPClient()
        var bound = SocketAddress(IPAddress(v4: 0x7F00_0003), port: 0)
        for _ in 0..<3 {
            bound = try server.add(bound)
            #expect(try client.ask(Self.query, of: bound)?.code == 0)
            server.remove(bound)
            #expect(server.addresses == [stays])
        }
        #expect(try client.ask(Self.query, of: stays)?.code == 0)
    }

    @Test("what was queued before the end is answered, and later queries go to the next process") func whatWasQueuedBeforeThe() throws {
        let first = try server(workers: 1)
        let bound = try first.add(SocketAddress(loopback, port: 0))
        let second = try server(workers: 1)
        defer { second.stop() }
        try second.add(bound)
        let clients = try (0..<16).map { _ in UDPClientBox(try UDPClient()) }
        for client in clients { for _ in 0..<20 { try client.client.send(Self.query, to: bound) } }
        first.stop()
        for client in clients { for _ in 0..<20 { try client.client.send(Self.query, to: bound) } }
        for client in clients { for _ in 0..<40 { #expect(try client.client.receive() != nil) } }
        let counts = [first, second].map {
            ServerStatistics.totals(of: $0.statistics).requests.values.reduce(0, +)
        }
        #expect(counts.reduce(0, +) == 640)
    }

    @Test("replies of others come the same way, also after the end") func repliesOfOthersComeThe() throws {
        var options = ResponderOptions()
        options.offersRecursion = true
        let sink = KeepingSink()
        let server = try server(options: options, sink: sink)
        let bound = try server.add(SocketAddress(loopback, port: 0))
        let client = try UDPClient()
        let reply = try client.ask(WireQuery("www.example.com"), of: bound)
        #expect(reply?.question == "example.com. A")
        server.stop()
        let (request, path) = try #require(sink.kept.withLock { $0.first })
        #expect(request.client == loopback)
        path.send(Self.query.bytes)
        let late = try #require(try client.receive())
        #expect(late.peer == bound)
    }

    @Test("an address that is taken is named") func anAddressThatIsTaken() throws {
        let holder = try Socket(.datagram, .ipv4)
        try holder.bind(to: SocketAddress(loopback, port: 0))
        let taken = try holder.localAddress()
        let server = try server()
        defer { server.stop() }
        let error = #expect(throws: SystemError.self) { try server.add(taken) }
        #expect(error?.description == "cannot answer at \(taken) over UDP: Address already in use")
        let foreign = #expect(throws: SystemError.self) {
            try server.add(SocketAddress(IPAddress(v4: 0xC000_0201), port: 5353))
        }
        #expect(foreign?.description == "cannot answer at 192.0.2.1:5353 over UDP: Cannot assign requested address")
    }

    @Test("a new snapshot is answered from") func aNewSnapshotIsAnswered() throws {
        let publisher = ZonePublisher(SmallCluster.zone(.unsynced))
        let server = try UDPServer(UDPServer.Configuration(workerCount: 1), zones: publisher)
        defer { server.stop() }
        let bound = try server.add(SocketAddress(loopback, port: 0))
        let client = try UDPClient()
        #expect(try client.ask(Self.query, of: bound)?.code == 2)
        publisher.publish(SmallCluster.zone())
        #expect(try client.ask(Self.query, of: bound)?.code == 0)
    }
}
