import BPF
import CBPFMaps
import BPFTesting
import Dataplane
import DataplaneTesting
import Glibc
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Synchronization
import Testing

@testable import BPFDataplane

/// Traffic while the daemon does something.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces, loads BPF programs"), .timeLimit(.minutes(2)))
struct KernelTrafficTests {
    /// Of all backends: what `loads` say, and entries that are counted.
    private static func counts(_ engine: BPFEngine) throws -> (loads: UInt64, counted: UInt64) {
        let maps = engine.services.withLock { $0.maps }
        let loads = try maps.maps.loads.all().reduce(0) { $0 &+ $1.value.connections }
        let counted = try engine.state.maps.connections.all().count {
            $0.value.role == UInt8(FW_FORWARD.rawValue) && $0.value.flags & UInt32(FW_CONNECTION_COUNTED) != 0
        }
        return (loads, UInt64(counted))
    }

    @Test(arguments: IPFamily.allCases)
    func `no packet is lost and no connection refused while the daemon restarts and its maps grow`(
        _ family: IPFamily
    ) async throws {
        let fixture = try await PlaneFixture.make(pods: 2)
        defer { fixture.close() }
        let target = SocketAddress(ServiceTopology.nodeAddress(family), port: PlaneFixture.nodePort)
        let ready = DispatchReady()
        let plane = Task {
            try await fixture.topology.node.inside {
                var dataplane = BPFDataplane(fixture.settings())
                try dataplane.synchronize(fixture.table())
                ready.signal()
                for _ in 0..<6 {
                    ready.waitForGo()
                    dataplane = BPFDataplane(fixture.settings())
                    try dataplane.synchronize(fixture.table())
                    try dataplane.working().enlarge(toHold: fixture.table())
                }
                ready.signal()
                ready.waitForGo()
                let (loads, counted) = try Self.counts(dataplane.working())
                #expect(loads == counted, "open connections that backends count, and that the table has")
                _ = try dataplane.cleanup()
            }
        }
        await ready.wait()
        let stream = try fixture.topology.client.start(
            [fixture.echo, "stream", "tcp", "\(target)", "--seconds", "4", "--bytes-per-second", "200000"])
        try await stream.waitForLine(containing: "streaming")
        for _ in 0..<6 { ready.go() }
        var answers: [String] = []
        for transport in ["tcp", "udp", "tcp", "udp"] {
            let output = try await fixture.topology.client.run(
                [fixture.echo, "connect", transport, "\(target)", "--count", "400", "--timeout", "900ms"],
                timeout: .seconds(60))
            answers += output.standardOutput.split(separator: "\n").map { String($0) }
        }
        await ready.wait()
        try await stream.waitForLine(containing: "verified", timeout: .seconds(20))
        ready.go()
        try await plane.value
        let bad = answers.filter { !$0.contains("pod0") && !$0.contains("pod1") }
        #expect(answers.count == 1600)
        #expect(bad == [])
    }

    @Test("A socket of UDP to a backend that goes gets an error; one of TCP where that was asked for", arguments: IPFamily.allCases, [false, true])
    func goneBackend(_ family: IPFamily, closesTCP: Bool) async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let (udp, tcp, peer) = try await fixture.cgroup.inside {
            try fixture.topology.node.insideBlocking {
                try attempting("enter the cgroup") { () throws(LinuxSystem.Errno) in
                    try FileDescriptor(opening: "\(fixture.cgroup.path)/cgroup.threads", flags: O_WRONLY)
                        .writeAll([UInt8(ascii: "0")])
                }
                var dataplane = BPFDataplane(
                    fixture.settings {
                        $0.closesStaleConnections = closesTCP
                        $0.drainGrace = .zero
                    }) { notice in if notice.isWarning { Issue.record("\(notice)") } }
                let table = fixture.table()
                try dataplane.synchronize(table)
                let target = SocketAddress(PlaneFixture.clusterIP(family), port: 80)
                let udp = try Socket(.datagram, family)
                let tcp = try Socket(.stream, family)
                _ = try udp.connect(to: target)
                _ = try tcp.connect(to: target)
                let epoll = try Epoll()
                try epoll.add(udp.descriptor.rawValue, .readable, token: 0)
                if closesTCP { try epoll.add(tcp.descriptor.rawValue, .readable, token: 1) }
                try dataplane.apply(fixture.table(pods: 0), after: table)
                var seen: Set<UInt64> = []
                let deadline = ContinuousClock.now + .seconds(40)
                while seen.count < (closesTCP ? 2 : 1), ContinuousClock.now < deadline {
                    // The server greets over TCP: only the end counts.
                    for event in try epoll.wait(timeout: .seconds(1)) where event.token == 0 || event.isHungUp {
                        seen.insert(event.token)
                        if seen.contains(0) { try? epoll.remove(udp.descriptor.rawValue) }
                    }
                }
                let errors = (try udp.takeError(), try tcp.takeError())
                _ = try dataplane.cleanup()
                return (errors.0, errors.1, seen)
            }
        }
        #expect(udp == LinuxSystem.Errno(rawValue: ECONNABORTED), "\(peer)")
        #expect(tcp == (closesTCP ? LinuxSystem.Errno(rawValue: ECONNABORTED) : nil))
    }

    @Test func `what the kernel holds is shown with names, loads and counts`() async throws {
        let fixture = try await PlaneFixture.make(pods: 2)
        defer { fixture.close() }
        let view = BPFView()
        let target = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: PlaneFixture.nodePort)
        let ready = DispatchReady()
        let plane = Task {
            try await fixture.topology.node.inside {
                var dataplane = BPFDataplane(fixture.settings(), view: view)
                try dataplane.synchronize(fixture.table(scheduler: .roundRobin))
                ready.signal()
                ready.waitForGo()
                _ = try dataplane.cleanup()
            }
        }
        await ready.wait()
        _ = try await fixture.topology.client.run([fixture.echo, "connect", "udp", "\(target)", "--count", "10"])
        let servers = try view.virtualServers()
        let connections = try view.connections(limit: 100)
        let limited = try view.connections(limit: 3)
        let usage = try view.usage()
        ready.go()
        try await plane.value
        #expect(servers.count == 4)
        let udp = try #require(servers.first { $0.protocol == .udp && $0.key?.family == .ipv4 })
        #expect(udp.key?.description == "default/web:udp/udp IPv4")
        #expect(udp.scheduler == .roundRobin)
        #expect(udp.frontends.count == 2)
        #expect(udp.servers.map(\.active) == [5, 5])
        #expect(udp.servers.map(\.traffic.connections) == [5, 5])
        #expect(udp.servers.map(\.traffic.packetsIn) == [5, 5])
        #expect(udp.servers.map(\.traffic.packetsOut) == [5, 5])
        #expect(connections.count == 10)
        #expect(connections.allSatisfy { $0.state == .udp && $0.virtual.description == "\(target)" })
        #expect(limited.count == 3)
        #expect(usage.connections == 10)
        #expect(try view.virtualServers() == [])
    }

    @Test("A full table drops new connections, then gives up the longest idle and their counts", arguments: IPFamily.allCases)
    func eviction(_ family: IPFamily) async throws {
        let fixture = try await PlaneFixture.make(pods: 2)
        defer { fixture.close() }
        let view = BPFView()
        let target = SocketAddress(ServiceTopology.nodeAddress(family), port: PlaneFixture.nodePort)
        let ready = DispatchReady()
        let plane = Task {
            try await fixture.topology.node.inside {
                var dataplane = BPFDataplane(fixture.settings { $0.tableLimits.connections = 64 }, view: view)
                try dataplane.synchronize(fixture.table())
                ready.signal()
                ready.waitForGo()
                _ = try dataplane.cleanup()
            }
        }
        await ready.wait()
        // Each question is a connection: more than the table holds, faster than it is swept.
        func ask(_ count: Int, timeout: String) async throws -> ProcessOutput {
            try await fixture.topology.client.run(
                [fixture.echo, "connect", "udp", "\(target)", "--count", "\(count)", "--timeout", timeout],
                timeout: .seconds(30))
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while try view.usage().connectionsRefused == 0, ContinuousClock.now < deadline { _ = try await ask(200, timeout: "10ms") }
        let limit = UInt64(64 * Eviction.usedPercent / 100)
        while try view.usage().connections > limit, ContinuousClock.now < deadline {}
        // Of one moment: no sweep came between the two.
        var (usage, servers) = (try view.usage(), try view.virtualServers())
        while try view.usage() != usage, ContinuousClock.now < deadline { (usage, servers) = (try view.usage(), try view.virtualServers()) }
        #expect(usage.connectionLimit == 256)
        #expect(usage.connectionsRefused > 0 && usage.evicted > 0 && usage.expired == 0, "\(usage)")
        #expect(usage.connections <= limit)
        // Nothing else ends one so soon: what is open is what the table holds.
        #expect(servers.flatMap(\.servers).reduce(0) { $0 + $1.active } == usage.connections)
        let made = servers.flatMap(\.servers).reduce(0) { $0 + $1.traffic.connections }
        #expect(made == usage.connections + usage.evicted)
        for _ in 0..<4 {
            // What is given up leaves room for the next few.
            while try view.usage().connections + 5 > 64, ContinuousClock.now < deadline {}
            let answers = try await ask(5, timeout: "5s")
            #expect(answers.status.isSuccess, "\(answers)")
        }
        ready.go()
        try await plane.value
    }
}
