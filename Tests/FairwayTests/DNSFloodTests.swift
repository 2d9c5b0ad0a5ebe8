import DNSForwarder
import DNSTesting
import DNSWire
import Glibc
import KubernetesModel
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import ObjectStore
import Testing

@testable import fairway

extension FairwayTests {
    /// One client that asks for more than other servers answer.
    @Suite struct DNSFloodTests {
        @Test(arguments: [
            (256, 64, 64, 96), (1024, 256, 256, 384), (4096, 256, 512, 3072), (1 << 30, 256, 512, (1 << 20) - 1024),
            (64, 16, 16, 24),
        ] as [(UInt64, Int, Int, Int)])
        func `descriptors are shared out, and none twice`(limit: UInt64, reserve: Int, connections: Int, forwarding: Int) {
            let budget = DescriptorBudget(limit: limit)
            #expect(budget.reserve == reserve)
            #expect(budget.connections == connections)
            #expect(budget.forwarding == forwarding)
            #expect(budget.reserve + budget.connections * 3 / 2 + budget.forwarding <= Int(min(limit, 1 << 20)))
            let forwarder = budget.forwarderLimits
            #expect(forwarder.sockets + forwarder.tlsConnections <= budget.forwarding)
        }

        /// A UDP socket of one client.
        private final class Client {
            private let socket: Socket
            private let epoll: Epoll
            private var buffer = [UInt8](repeating: 0, count: 4096)

            init(_ address: UInt32, _ server: SocketAddress) throws {
                socket = try Socket(.datagram, .ipv4)
                try socket.bind(to: SocketAddress(IPAddress(v4: address), port: 0))
                _ = try socket.connect(to: server)
                epoll = try Epoll()
                try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
            }

            func send(_ name: String, id: UInt16) throws {
                guard let name = DomainName(name) else { throw TestSupportError("\(name) is no name") }
                _ = try socket.send(DNSQuery(name, .a, edns: EDNS(payloadSize: 1232)).with { $0.id = id }.bytes.span)
            }

            func answer() throws -> Message {
                while true {
                    if let count = try socket.receive(into: &buffer) { return try Message(decoding: Array(buffer[..<count])) }
                    guard try !epoll.wait(timeout: .seconds(10)).isEmpty else { throw TestSupportError("no answer") }
                }
            }
        }

        @Test func `while one client floods, another's question and TCP are served`() async throws {
            // The upstream is silent but for one domain.
            let script: ScriptedUpstream.Script = { query in
                let isGood = query.question.name.isWithin(DomainName("good.") ?? .root)
                return isGood ? [.message(query.answer(query.address("192.0.2.1")))] : []
            }
            try await SourcedDNS.with(descriptorLimit: 256, upstream: script) { dns in
                dns.source.list(ScriptedSource.cluster(3))
                let server = dns.dns.listeners.bound[0]
                try await DedicatedThread.run(named: "flood") {
                    let flooder = try Client(0x7F00_0002, server)
                    // Answered at once, as its part is used up; so that nothing is lost in the socket's buffer, some at a time.
                    for batch in 0..<40 {
                        for index in 0..<50 { try flooder.send("n\(batch)-\(index).bad.", id: UInt16(batch * 50 + index)) }
                        if batch > 0 { #expect(try flooder.answer().responseCode == .serverFailure) }
                    }
                    let other = try Client(0x7F00_0003, server)
                    for index in 0..<20 {
                        try other.send("www\(index).good.", id: UInt16(index))
                        let answer = try other.answer()
                        #expect(answer.responseCode == .noError && answer.answers.count == 1, "\(answer)")
                    }
                    let driver = SocketDriver(server)
                    for name in ["web1.shop.svc.cluster.local.", "tcp.good."] {
                        let query = DNSQuery(try #require(DomainName(name)), .a)
                        let answer = try #require(try driver.message(query, over: .tcp)).message
                        #expect(answer.answers.count == 1, "\(answer)")
                    }
                }
                let statistics = try #require(dns.dns.forwarder?.statistics)
                #expect(statistics.rejectsOfClients > 0)
                #expect(statistics.sockets <= 96)
                let line = try #require(dns.metric("fairway_dns_forward_rejects_total{reason=\"client\"}"))
                #expect(line != "fairway_dns_forward_rejects_total{reason=\"client\"} 0")
                #expect(dns.metric("fairway_dns_forward_sockets") != nil)
            }
        }

        @Test(.enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"))
        func `a process with few descriptors floods nobody out: TCP, manifests, state and admin socket go on`() async throws {
            let server = try DNSServerProcess()
            defer { server.close() }
            // What goes there comes to nothing, and nobody says so: neighbours that are not there, and known.
            try server.namespace.configure(
                ["link add void0 type veth peer name void1", "link set void0 up", "link set void1 up", "addr add 192.0.2.254/24 dev void0"]
                    + (1...2).map { "neigh add 192.0.2.\($0) lladdr 02:00:00:00:00:0\($0) dev void0" })
            let command = server.command(["--dns-upstream", "192.0.2.2"]).map { $0 == "none" ? "192.0.2.1" : $0 }
            let daemon = try server.namespace.start(["prlimit", "--nofile=160:160"] + command)
            for line in ["the zone is complete", "dns at 127.0.0.1:53", "admin socket at"] {
                try await daemon.waitForLine(containing: line)
            }
            let address = SocketAddress(IPAddress(v4: 0x7F00_0001), port: 53)
            try await server.namespace.inside {
                // As many clients as fill every place.
                let clients = try (1...40).map { try Client(0x7F00_0100 + UInt32($0), address) }
                for (number, client) in clients.enumerated() {
                    for index in 0..<25 { try client.send("n\(number)-\(index).bad.", id: UInt16(index)) }
                }
            }
            let stream = try await server.dig(["web.shop.svc.cluster.local", "A", "+tcp"])
            #expect(stream == ["10.96.0.80"])
            let lines = daemon.lines.count
            try server.folder.write("manifests/new.yaml", DNSManifests.service("new", "10.96.1.1"))
            try await daemon.waitForLine(containing: "the state is written", from: lines)
            let new = try await server.dig(["new.shop.svc.cluster.local", "A"])
            #expect(new == ["10.96.1.1"])
            let told = try await server.get(["dns"])
            #expect(told.status == .exited(0), "\(told)")
            let complaints = daemon.lines.filter { $0.contains("Too many open files") }
            #expect(complaints.isEmpty, "\(complaints)")
        }
    }
}
