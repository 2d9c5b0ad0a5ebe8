import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@testable import Relay

@Suite("Limits of UDP sessions") struct UDPLimitTests {
    @Test("a client's session idle for longest makes room for its next") func perClient() async throws {
        try await onThread {
            let bench = try UDPBench { $0.sessionsPerClientLimit = 3 }
            let backend = try TestPeer()
            let (service, backends) = service([backend])
            let frontend = try bench.frontend(service)
            let other = try TestPeer(at: SocketAddress(IPAddress(v4: 0x7F00_0002), port: 0), connectedTo: frontend)
            let clients = try (0..<5).map { _ in try TestPeer(connectedTo: frontend) }
            // The last use counts, not the age: the first is used again, so that the second and third go.
            for client in [other] + [0, 1, 2, 0, 3, 4].map({ clients[$0] }) {
                try client.send([1])
                _ = try bench.next(at: client, echoing: [backend])
            }
            let left = Set(bench.carrier.records.map(\.client))
            #expect(left == Set([other, clients[0], clients[3], clients[4]].map(\.address)))
            #expect(bench.statistics.ends == [.evicted: 2])
            #expect(backends[0].active == 4)
        }
    }

    @Test("of all sessions the one idle for longest makes room") func inAll() async throws {
        try await onThread {
            let bench = try UDPBench { $0.sessionLimit = 4 }
            let backend = try TestPeer()
            let (service, _) = service([backend])
            let frontend = try bench.frontend(service)
            let clients = try (0..<7).map { index in
                try TestPeer(at: SocketAddress(IPAddress(v4: 0x7F00_0101 + UInt32(index)), port: 0), connectedTo: frontend)
            }
            for client in clients {
                try client.send([1])
                _ = try bench.next(at: client, echoing: [backend])
            }
            #expect(Set(bench.carrier.records.map(\.client)) == Set(clients.suffix(4).map(\.address)))
            #expect(bench.statistics.ends == [.evicted: 3])
            // One that was evicted comes back.
            try clients[0].send([2])
            #expect(try bench.next(at: clients[0], echoing: [backend]).bytes == [2])
        }
    }

    @Test("a client that is refused displaces nobody") func refusedAtTheLimit() async throws {
        try await onThread {
            let bench = try UDPBench { $0.sessionLimit = 1 }
            let backend = try TestPeer()
            let (service, _) = service([backend])
            let client = try TestPeer(connectedTo: try bench.frontend(service))
            try client.send([1])
            _ = try bench.next(at: client, echoing: [backend])
            let other = try TestPeer(connectedTo: try bench.frontend(RelayService(name: "default/none")))
            try other.send([1])
            try bench.run { bench.statistics.refusals[.noBackend] == 1 }
            #expect(bench.carrier.count == 1 && bench.statistics.ends.isEmpty)
        }
    }

    @Test("a listener that always has something takes a bounded part of each round") func boundedRound() async throws {
        try await onThread {
            let bench = try UDPBench()
            let backend = try TestPeer()
            let (service, backends) = service([backend])
            let client = try TestPeer(connectedTo: try bench.frontend(service))
            for number in 0..<300 { try client.send([UInt8(truncatingIfNeeded: number)]) }
            try bench.round(waiting: 1000)
            let first = backends[0].traffic.counts.packetsIn
            #expect(first > 0 && first <= UInt64(UDPLimits.batch * UDPLimits.batchesPerEvent))
            try bench.run { backends[0].traffic.counts.packetsIn == 300 }
        }
    }

    @Test("at a limit of one session two clients at a time lose nothing") func one() async throws {
        try await onThread {
            let bench = try UDPBench { $0.sessionLimit = 1 }
            let backend = try TestPeer()
            let (service, _) = service([backend])
            let frontend = try bench.frontend(service)
            let clients = try [TestPeer(connectedTo: frontend), TestPeer(connectedTo: frontend)]
            for number in 0..<10 as Range<UInt8> { try clients[Int(number) % 2].send([number]) }
            var got: [UInt8] = []
            try bench.run {
                got += try backend.receiveAll().flatMap(\.bytes)
                return got.count == 10
            }
            #expect(got == Array(0..<10))
            #expect(bench.carrier.count == 1)
        }
    }

    @Test("the limits are shared by the workers", arguments: [(1, 10, 10), (4, 10, 2), (16, 10, 1)])
    func shares(_ workers: Int, _ limit: Int, _ share: Int) async throws {
        try await onThread {
            let bench = try UDPBench {
                $0.workers = workers
                $0.sessionLimit = limit
                $0.sessionsPerClientLimit = limit
            }
            let relay = try UDPRelay(bench.context)
            #expect(relay.sessionShare == share && relay.clientShare == share)
        }
    }

    @Test(
        "out of ports, the session idle for longest gives way",
        .enabled(if: Requirement.root, "needs root: makes network namespaces"))
    func ports() async throws {
        try await onThread(isolated: true) {
            let narrow = try NarrowBench(ports: "50000 50003")
            let (bench, backend, backends) = (narrow.bench, narrow.backend, narrow.backends)
            let clients = try (0..<9).map { try narrow.client(port: 2000 + UInt16($0)) }
            for client in clients {
                // Again and again: a port stays taken while a program that another test starts has not executed yet.
                try bench.run {
                    try client.send([1])
                    try bench.round(waiting: 1)
                    try backend.echo()
                    try bench.round(waiting: 1)
                    return try !client.receiveAll().isEmpty
                }
            }
            let left = Set(bench.carrier.records.map(\.client))
            #expect(left.count == bench.carrier.count && left.isSubset(of: clients.suffix(4).map(\.address)))
            #expect(left.contains(clients[8].address))
            #expect(bench.statistics.ends[.evicted] == UInt64(9 - left.count))
            #expect(backends[0].active == left.count)
        }
    }

    @Test(
        "out of descriptors or ports without any session, datagrams are refused and counted",
        .enabled(if: Requirement.root, "needs root: makes network namespaces"))
    func shortage() async throws {
        try await onThread(isolated: true) {
            let narrow = try NarrowBench(ports: "50000 50000")
            let (bench, backends) = (narrow.bench, narrow.backends)
            let taken = try TestPeer(at: SocketAddress(IPAddress(v4: 0), port: 50_000))
            let client = try narrow.client(port: 2000)
            for _ in 0..<3 { try client.send([1]) }
            try bench.run { bench.statistics.datagrams[.lost] == 3 }
            #expect(bench.statistics.refusals == [.limit: 3])
            #expect(backends[0].active == 0 && bench.carrier.count == 0)
            withExtendedLifetime(taken) {}
        }
    }

    @Test(
        "thousands of sessions leave no socket behind",
        .enabled(if: Requirement.root, "needs root: makes network namespaces"))
    func thousands() async throws {
        try await onThread(isolated: true) {
            let count = 2000
            let bench = try UDPBench()
            let backend = try TestPeer()
            let (service, backends) = service([backend])
            let frontend = try bench.frontend(service)
            let client = try TestPeer(at: SocketAddress(IPAddress(v4: 0x7F00_0001), port: 0))
            let before = try socketCount()
            var clients: [TestPeer] = []
            for index in 0..<count {
                // Every one has an address of its own, so that none is the next one's.
                let one = try TestPeer(at: SocketAddress(IPAddress(v4: 0x7F01_0000 + UInt32(index)), port: 4000))
                clients.append(one)
                try one.send(pattern(8, index), to: frontend)
                guard (index + 1) % 50 == 0 else { continue }
                try bench.run { backends[0].traffic.counts.packetsIn == UInt64(index + 1) }
            }
            #expect(bench.carrier.count == count)
            let during = try socketCount()
            // Each has one of the client and one of the session.
            #expect(during == before + 2 * count)
            try bench.pass(.seconds(120))
            try bench.run { bench.carrier.count == 0 }
            clients = []
            try bench.run { try socketCount() == before }
            #expect(backends[0].active == 0 && bench.statistics.ends == [.idle: UInt64(count)])
            try client.send([1], to: frontend)
            #expect(try bench.next(at: client, echoing: [backend]).bytes == [1])
        }
    }
}

/// Datagram sockets in the calling thread's network namespace.
func socketCount() throws -> Int {
    let text = String(decoding: try FileDescriptor(opening: "/proc/thread-self/net/sockstat").readAll(), as: UTF8.self)
    for line in text.split(separator: "\n") where line.hasPrefix("UDP: inuse ") {
        return Int(line.split(separator: " ")[2]) ?? -1
    }
    return -1
}

/// A frontend with one backend, both at the loopback of a namespace whose sockets get few ports of their own.
private struct NarrowBench {
    private static let loopback = IPAddress(v4: 0x7F00_0001)

    let bench: UDPBench
    let backend: TestPeer
    let backends: [RelayBackend]
    private let frontend = SocketAddress(Self.loopback, port: 53)

    /// - Parameter ports: the first and the last, for the namespace of the calling thread.
    init(ports: String) throws {
        try FileDescriptor(opening: "/proc/sys/net/ipv4/ip_local_port_range", flags: O_WRONLY).writeAll(Array(ports.utf8))
        bench = try UDPBench()
        backend = try TestPeer(at: SocketAddress(Self.loopback, port: 1000))
        let (service, backends) = service([backend])
        self.backends = backends
        try bench.listen(RelayListener(.udp, at: frontend))
        bench.directory.set(frontend, service)
    }

    func client(port: UInt16) throws -> TestPeer {
        try TestPeer(at: SocketAddress(Self.loopback, port: port), connectedTo: frontend)
    }
}
