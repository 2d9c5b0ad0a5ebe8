import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@testable import Relay

@Suite("UDP backends that fail or leave") struct UDPFailureTests {
    @Test(
        "a client hears that its backend's port is closed, and is served again once it is open",
        .enabled(if: Requirement.root, "needs root: sends ICMP"), arguments: IPFamily.allCases)
    func restart(_ family: IPFamily) async throws {
        try await onThread {
            let bench = try UDPBench()
            var backend: TestPeer? = try TestPeer.atQuietPort(family)
            let address = try #require(backend).address
            let shared = RelayBackend(address)
            let service = RelayService(name: "default/one")
            service.set([shared])
            let client = try TestPeer(family, connectedTo: try bench.frontend(service, family))
            try client.send([1])
            _ = try bench.next(at: client, echoing: [try #require(backend)])
            backend = nil
            #expect(try bench.error(at: client, sending: [2]) == .connectionRefused)
            #expect(shared.traffic.counts.failures == 1 && shared.active == 0)
            #expect(bench.statistics.datagrams[.errorTold] == 1)
            #expect(bench.carrier.count == 1)
            let again = try bench.open(address)
            try client.send([3])
            #expect(try bench.next(at: client, echoing: [again]).bytes == [3])
            #expect(shared.traffic.counts.connections == 2 && shared.active == 1)
            #expect(bench.statistics.refusals == [.allFailed: 1])
        }
    }

    @Test("a session whose backend refuses goes to another with the next datagram") func refusal() async throws {
        try await onThread {
            let bench = try UDPBench()
            let good = try TestPeer()
            let bad = try TestPeer.closedAddress()
            let service = RelayService(name: "default/two")
            let backends = [RelayBackend(bad), RelayBackend(good.address)]
            service.set(backends)
            let frontend = try bench.frontend(service)
            for number in 0..<10 as Range<UInt8> {
                let client = try TestPeer(connectedTo: frontend)
                var answer: [UInt8]?
                // The first may meet the one that refuses, the second does not.
                for attempt in 0..<2 as Range<UInt8> where answer == nil {
                    let failures = backends[0].traffic.counts.failures
                    try? client.send([number, attempt])
                    try bench.run {
                        try good.echo()
                        do throws(Errno) { answer = try client.receive()?.bytes } catch {}
                        return answer != nil || backends[0].traffic.counts.failures > failures
                    }
                }
                #expect(answer?.first == number)
            }
            #expect(backends[0].traffic.counts.failures == backends[1].traffic.counts.retries)
            #expect(backends[0].active == 0 && backends[1].active == 10)
            #expect(backends[0].traffic.counts.connections == 0 && backends[1].traffic.counts.connections == 10)
        }
    }

    @Test("what a refusal finds on its way goes to the next backend, and is not lost") func pendingError() async throws {
        try await onThread {
            let bench = try UDPBench()
            let good = try TestPeer()
            let service = RelayService(name: "default/two")
            let backends = [RelayBackend(try TestPeer.closedAddress()), RelayBackend(good.address)]
            service.set([backends[0]])
            let client = try TestPeer(connectedTo: try bench.frontend(service))
            try client.send([1])
            // Only the listener's turn: the refusal is known to the session's socket, not to the relay.
            try bench.run { backends[0].traffic.counts.packetsIn == 1 }
            service.set(backends)
            for number in 2..<8 as Range<UInt8> { try client.send([number]) }
            var got: [[UInt8]] = []
            try bench.run {
                got += try good.receiveAll().map(\.bytes)
                return got.count == 6
            }
            #expect(got == (2..<8).map { [$0] })
            #expect(bench.statistics.datagrams[.lost] == 0)
        }
    }

    @Test("without a backend datagrams are refused and no session is kept") func noBackend() async throws {
        try await onThread {
            let bench = try UDPBench()
            let client = try TestPeer(connectedTo: try bench.frontend(RelayService(name: "default/none")))
            try client.send([1])
            try bench.run { bench.statistics.refusals[.noBackend] == 1 }
            #expect(bench.carrier.count == 0 && bench.statistics.datagrams[.lost] == 1)
        }
    }

    @Test("a session leaves a backend that has gone, with the next datagram", arguments: [true, false])
    func gone(_ isTold: Bool) async throws {
        try await onThread {
            let bench = try UDPBench()
            let peers = try [TestPeer(), TestPeer()]
            let (service, backends) = service(peers)
            service.set([backends[0]])
            let client = try TestPeer(connectedTo: try bench.frontend(service))
            try client.send([1])
            _ = try bench.next(at: client, echoing: [peers[0]])
            service.set([backends[1]])
            if isTold { bench.carrier.backendsChanged() }
            #expect(bench.carrier.records.map(\.state) == [.draining])
            try client.send([2])
            _ = try bench.next(at: client, echoing: [peers[1]])
            #expect(backends.map(\.active) == [0, 1])
            #expect(bench.carrier.records.map(\.backend) == [peers[1].address])
        }
    }

    @Test("a session follows its frontend to another service, and ends where there is none") func otherService() async throws {
        try await onThread {
            let bench = try UDPBench()
            let peers = try [TestPeer(), TestPeer()]
            let (first, second) = (service([peers[0]]), service([peers[1]]))
            let frontend = try bench.frontend(first.0)
            let client = try TestPeer(connectedTo: frontend)
            try client.send([1])
            _ = try bench.next(at: client, echoing: [peers[0]])
            bench.directory.set(frontend, second.0)
            bench.carrier.backendsChanged()
            try client.send([2])
            _ = try bench.next(at: client, echoing: [peers[1]])
            bench.directory.set(frontend, nil)
            bench.carrier.backendsChanged()
            try client.send([3])
            try bench.run { bench.carrier.count == 0 }
            #expect(bench.statistics.ends == [.drained: 1])
            #expect(first.1[0].active == 0 && second.1[0].active == 0)
        }
    }

    @Test("a backend that never answers has taken the session when it did not refuse for a while") func oneWay() async throws {
        try await onThread {
            let bench = try UDPBench()
            let backend = try TestPeer()
            let (service, backends) = service([backend])
            let client = try TestPeer(connectedTo: try bench.frontend(service))
            try client.send([1])
            try bench.run { backends[0].traffic.counts.packetsIn == 1 }
            #expect(backends[0].traffic.counts.connections == 0)
            try bench.pass(UDPLimits.silence)
            try client.send([2])
            try bench.run { backends[0].traffic.counts.packetsIn == 2 }
            #expect(backends[0].traffic.counts.connections == 1)
            try bench.pass(.seconds(61))
            #expect(backends[0].traffic.counts.connections == 1 && bench.carrier.count == 0)
        }
    }

    @Test("errors beyond the limit of a second are not told, and counted") func errorLimit() async throws {
        try await onThread {
            let statistics = UDPStatistics()
            var errors = UDPClientErrors(statistics, limit: 2)
            let peer = try TestPeer()
            let flow = DatagramFlow(from: peer.address, to: SocketAddress(IPAddress(v4: 0x7F00_0001), port: 9))
            let start = ContinuousClock.now
            for _ in 0..<5 { errors.tell(.portUnreachable, to: flow, now: start) }
            errors.tell(.portUnreachable, to: flow, now: start + .seconds(1))
            #expect(statistics[.errorTold] + statistics[.errorNotTold] == 6)
            #expect(statistics[.errorTold] == (geteuid() == 0 ? 3 : 0))
        }
    }
}
