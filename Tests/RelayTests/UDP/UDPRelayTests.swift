import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@testable import Relay

@Suite("UDP through the relay") struct UDPRelayTests {
    @Test("datagrams of every size come through whole, each for itself, and back from the frontend", arguments: IPFamily.allCases)
    func sizes(_ family: IPFamily) async throws {
        try await onThread {
            let bench = try UDPBench()
            let backend = try TestPeer(family)
            let (service, _) = service([backend])
            let frontend = try bench.frontend(service, family)
            let client = try TestPeer(family)
            for (index, size) in [0, 1, 2, 511, 1472, 1473, 8972, 40_000, 65_000, 65_001, 65_507].enumerated() {
                let bytes = pattern(size, index)
                try client.send(bytes, to: frontend)
                let back = try bench.next(at: client, echoing: [backend])
                let isSame = back == TestPeer.Received(bytes: bytes, from: frontend)
                #expect(isSame, "\(back.bytes.count) of \(size) bytes")
            }
            #expect(bench.carrier.count == 1)
        }
    }

    @Test("bursts of mixed sizes keep their boundaries and their order, both ways", arguments: [
        [100, 100, 100], [100, 100, 60, 100], [0, 0, 5, 0, 5], [1400, 1400, 1401, 1400], [65_507, 1, 65_507],
        Array(repeating: 1200, count: 200), Array(repeating: 30_000, count: 9),
    ])
    func bursts(_ sizes: [Int]) async throws {
        try await onThread {
            let bench = try UDPBench()
            let backend = try TestPeer()
            let (service, backends) = service([backend])
            let client = try TestPeer(connectedTo: try bench.frontend(service))
            let sent = sizes.enumerated().map { pattern($1, $0) }
            for bytes in sent { try client.send(bytes) }
            var (there, back): ([[UInt8]], [[UInt8]]) = ([], [])
            try bench.run {
                there += try backend.echo().map(\.bytes)
                back += try client.receiveAll().map(\.bytes)
                return back.count == sent.count
            }
            let isWhole = there == sent && back == sent
            #expect(isWhole)
            let counts = backends[0].traffic.counts
            #expect(counts.packetsIn == UInt64(sizes.count) && counts.packetsOut == UInt64(sizes.count))
            #expect(counts.bytesIn == UInt64(sizes.reduce(0, +)) && counts.bytesOut == counts.bytesIn)
            #expect(counts.connections == 1)
            #expect(bench.statistics.datagrams[.lost] == 0)
        }
    }

    @Test("datagrams that were sent at one go arrive one by one", arguments: [(1000, 40_000), (1200, 30_001), (7, 300)])
    func segmented(_ size: Int, _ total: Int) async throws {
        try await onThread {
            let bench = try UDPBench()
            let backend = try TestPeer()
            let (service, backends) = service([backend])
            let client = try TestPeer(connectedTo: try bench.frontend(service))
            let bytes = pattern(total, 1)
            try client.send(bytes, inSegmentsOf: Int32(size))
            let parts = stride(from: 0, to: total, by: size).map { Array(bytes[$0..<min($0 + size, total)]) }
            var (there, back): ([[UInt8]], [[UInt8]]) = ([], [])
            try bench.run {
                there += try backend.echo().map(\.bytes)
                back += try client.receiveAll().map(\.bytes)
                return back.count == parts.count
            }
            let isWhole = there == parts && back == parts
            #expect(isWhole)
            #expect(backends[0].traffic.counts.packetsIn == UInt64(parts.count))
        }
    }

    @Test("a listener on every address answers from the one that was asked")
    func everyAddress() async throws {
        try await onThread {
            let bench = try UDPBench()
            let backend = try TestPeer()
            let (service, _) = service([backend])
            let bound = try bench.listen(RelayListener(.udp, at: SocketAddress(IPAddress(v4: 0), port: 0)))
            for last in [2, 77, 200] as [UInt32] {
                let frontend = SocketAddress(IPAddress(v4: 0x7F00_0100 + last), port: bound.port)
                bench.directory.set(frontend, service)
                let client = try TestPeer()
                try client.send([1], to: frontend)
                #expect(try bench.next(at: client, echoing: [backend]).from == frontend)
            }
            #expect(bench.carrier.count == 3)
        }
    }

    @Test("a listener with a fixed frontend asks for that one") func fixed() async throws {
        try await onThread {
            let bench = try UDPBench()
            let backend = try TestPeer()
            let (service, _) = service([backend])
            let frontend = SocketAddress(IPAddress(v4: 0x0A60_000A), port: 53)
            let loopback = SocketAddress(IPAddress(v4: 0x7F00_0001), port: 0)
            let bound = try bench.listen(RelayListener(.udp, at: loopback, destination: .fixed(frontend)))
            bench.directory.set(frontend, service)
            let client = try TestPeer(connectedTo: bound)
            try client.send([7])
            #expect(try bench.next(at: client, echoing: [backend]).bytes == [7])
            let record = try #require(bench.carrier.records.first)
            #expect(record.frontend == frontend && record.client == client.address && record.backend == backend.address)
            #expect(record.state == .established && record.service == "default/dns:udp")
        }
    }

    @Test("answers go to the client that asked, whoever asks meanwhile") func manyClients() async throws {
        try await onThread {
            let bench = try UDPBench()
            let backends = try [TestPeer(), TestPeer(), TestPeer()]
            let (service, shared) = service(backends)
            let frontend = try bench.frontend(service)
            let clients = try (0..<50).map { _ in try TestPeer(connectedTo: frontend) }
            for round in 0..<4 {
                for (index, client) in clients.enumerated() { try client.send([UInt8(index), UInt8(round)]) }
                for (index, client) in clients.enumerated() {
                    let back = try bench.next(at: client, echoing: backends)
                    #expect(back.bytes == [UInt8(index), UInt8(round)])
                }
            }
            #expect(shared.reduce(0) { $0 + $1.active } == 50)
            #expect(shared.reduce(0) { $0 + $1.traffic.counts.packetsIn } == 200)
            bench.carrier.end()
            #expect(shared.map(\.active) == [0, 0, 0])
            #expect(bench.statistics.ends == [.stopped: 50])
        }
    }

    @Test("a session that is idle ends, one that is used does not") func idle() async throws {
        try await onThread {
            let bench = try UDPBench { $0.sessionIdleTimeout = .seconds(30) }
            let backend = try TestPeer()
            let (service, backends) = service([backend])
            let frontend = try bench.frontend(service)
            let (busy, quiet) = (try TestPeer(connectedTo: frontend), try TestPeer(connectedTo: frontend))
            try quiet.send([1])
            _ = try bench.next(at: quiet, echoing: [backend])
            for _ in 0..<4 {
                try busy.send([2])
                _ = try bench.next(at: busy, echoing: [backend])
                try bench.pass(.seconds(10))
            }
            #expect(bench.carrier.records.map(\.client) == [busy.address])
            #expect(bench.statistics.ends == [.idle: 1])
            try bench.pass(.seconds(31))
            #expect(bench.carrier.count == 0 && bench.carrier.deadline == nil)
            #expect(backends[0].active == 0)
        }
    }

    @Test("a frontend that is not known is refused and counted") func unknown() async throws {
        try await onThread {
            let bench = try UDPBench()
            let bound = try bench.listen(RelayListener(.udp, at: SocketAddress(IPAddress(v4: 0x7F00_0001), port: 0)))
            let client = try TestPeer(connectedTo: bound)
            try client.send([1])
            try bench.run { bench.statistics.refusals[.unknownFrontend] == 1 }
            #expect(bench.statistics.datagrams[.lost] == 1)
            #expect(bench.carrier.count == 0)
        }
    }

    @Test("a removed listener lets answers that are on their way out, takes nothing more, and is gone after that")
    func removal() async throws {
        try await onThread {
            let bench = try UDPBench()
            let backend = try TestPeer()
            let (service, _) = service([backend])
            let frontend = try bench.frontend(service, at: TestPeer.atQuietPort().address)
            let client = try TestPeer(connectedTo: frontend)
            try client.send([1])
            try bench.run { bench.carrier.count == 1 }
            bench.removeListeners()
            #expect(try bench.next(at: client, echoing: [backend]).bytes == [1])
            try client.send([2])
            try bench.round(waiting: 20)
            #expect(try backend.receiveAll().isEmpty)
            try bench.pass(UDPLimits.removedListener + .seconds(1))
            #expect(bench.carrier.count == 0)
            // The address is free: the socket was closed.
            _ = try bench.open(frontend)
        }
    }

    @Test("a listener that comes back takes over the sessions of its predecessor") func comeback() async throws {
        try await onThread {
            let bench = try UDPBench()
            let backend = try TestPeer()
            let (service, _) = service([backend])
            let frontend = try bench.frontend(service, at: TestPeer.atQuietPort().address)
            let clients = try (0..<20).map { _ in try TestPeer(connectedTo: frontend) }
            for client in clients { try client.send([1]) }
            try bench.run { bench.carrier.count == 20 }
            bench.removeListeners()
            for client in clients { try client.send([2]) }
            try bench.listen(RelayListener(.udp, at: frontend))
            for client in clients {
                #expect(try bench.next(at: client, echoing: [backend]).bytes == [1])
                #expect(try bench.next(at: client, echoing: [backend]).bytes == [2])
                // Again and again: a program that another test starts has the former socket, and its share of what
                // arrives, until it executes.
                try bench.run {
                    try client.send([3])
                    try bench.round(waiting: 1)
                    try backend.echo()
                    try bench.round(waiting: 1)
                    return try client.receiveAll().last?.bytes == [3]
                }
            }
            try bench.pass(UDPLimits.removedListener + .seconds(1))
            #expect(bench.carrier.count == 20)
        }
    }
}
