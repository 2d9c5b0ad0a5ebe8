import BPF
import BPFTesting
import Dataplane
import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Synchronization
import Testing

@testable import BPFDataplane

/// Programs that somebody removed from an interface.
@Suite(.enabled(if: Requirement.root && Requirement.tool("tc"), "needs root and tc"), .timeLimit(.minutes(2)))
struct RepairTests {
    static let removals = ["filter del dev eth0 ingress", "filter del dev eth0 egress", "qdisc del dev eth0 clsact"]
    private static let foreign = "filter add dev eth0 ingress prio 7 protocol ip u32 match ip src 192.0.2.77/32 classid 1:1"

    private final class Notices: Sendable {
        private let texts = Mutex<[String]>([])
        func add(_ notice: BPFNotice) { texts.withLock { $0.append("\(notice)") } }
        var losses: [String] { texts.withLock { $0.filter { $0.contains("lost") } } }
    }

    private static func tc(_ words: String, _ last: String...) throws {
        let path = try #require(toolPath("tc"))
        let request = ProcessRequest(path: path, arguments: words.split(separator: " ").map { String($0) } + last)
        let output = try request.collectOutput(input: [], timeout: .seconds(10))
        try #require(output.status.isSuccess, "\(words): \(output)")
    }

    private static func awaitPrograms() throws -> Int? {
        let deadline = ContinuousClock.now + .seconds(40)
        while try PlaneFixture.attached()["eth0"] != 2, ContinuousClock.now < deadline {}
        return try PlaneFixture.attached()["eth0"]
    }

    @Test("They are attached again at once, traffic is served, and others' filters stay", arguments: removals)
    func atOnce(_ removal: String) async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let (notices, ready) = (Notices(), DispatchReady())
        let plane = Task {
            try await fixture.topology.node.inside {
                var dataplane = BPFDataplane(fixture.settings()) { notices.add($0) }
                try dataplane.synchronize(fixture.table())
                try Self.tc(removal)
                let attached = try Self.awaitPrograms()
                try Self.tc(Self.foreign)
                try Self.tc("filter del dev eth0 ingress prio \(PacketHooks.place.priority)")
                let again = try Self.awaitPrograms()
                ready.signal()
                ready.waitForGo()
                _ = try dataplane.cleanup()
                return [attached, again]
            }
        }
        await ready.wait()
        let target = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: PlaneFixture.nodePort)
        let output = try await fixture.topology.client.run([fixture.echo, "connect", "udp", "\(target)"])
        ready.go()
        let attached = try await plane.value
        #expect(attached == [2, 2])
        #expect(output.standardOutput.contains("pod0"), "\(output)")
        #expect(notices.losses.count == 2, "\(notices.losses)")
        #expect(notices.losses.allSatisfy { $0.contains("interface eth0") })
        let left = try await fixture.topology.node.run(["tc", "filter", "show", "dev", "eth0", "ingress"])
        #expect(left.standardOutput.contains("u32"), "\(left)")
    }

    /// The thread that follows interfaces has just repaired this one, and waits before it does so again.
    @Test("A full synchronisation attaches them again, however often they were removed", arguments: removals)
    func fullSynchronisation(_ removal: String) async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let notices = Notices()
        let attached = try await fixture.topology.node.inside {
            var dataplane = BPFDataplane(fixture.settings()) { notices.add($0) }
            try dataplane.synchronize(fixture.table())
            try Self.tc(removal)
            var attached = [try Self.awaitPrograms()]
            for _ in 0..<3 {
                try Self.tc(removal)
                try dataplane.synchronize(fixture.table())
                attached.append(try PlaneFixture.attached()["eth0"])
            }
            _ = try dataplane.cleanup()
            return attached
        }
        #expect(attached == [2, 2, 2, 2])
        #expect(notices.losses.count == 4, "\(notices.losses)")
        let qdiscs = try await fixture.topology.node.run(["tc", "qdisc", "show"]).standardOutput
        #expect(!qdiscs.contains("clsact"), "\(qdiscs)")
    }

    @Test func `what is in their place stays, is told of once, and makes room when it goes`() async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let notices = Notices()
        let (between, after) = try await fixture.topology.node.inside {
            var dataplane = BPFDataplane(fixture.settings()) { notices.add($0) }
            try dataplane.synchronize(fixture.table())
            let place = PacketHooks.place
            try Self.tc("qdisc del dev eth0 clsact")
            _ = try Self.awaitPrograms()
            // Ours is replaced: the kernel does not tell that as a removal.
            try Self.tc(
                "filter replace dev eth0 egress prio \(place.priority) handle \(place.handle) bpf bytecode", "1,6 0 0 0")
            for _ in 0..<2 { try dataplane.synchronize(fixture.table()) }
            let between = notices.losses.count
            try Self.tc("filter del dev eth0 egress")
            let after = try Self.awaitPrograms()
            _ = try dataplane.cleanup()
            return (between, after)
        }
        #expect(between == 2, "\(notices.losses)")
        #expect(after == 2)
    }
}

@Suite struct RepairScheduleTests {
    private let start = ContinuousClock.now

    @Test func `a fight over one interface is spaced wider and wider, and leaves others alone`() {
        var schedule = RepairSchedule()
        var now = start
        var waits: [Duration] = []
        for _ in 0..<9 {
            schedule.ask([2])
            let wait = schedule.wait(from: now) ?? .zero
            let early = wait == .zero ? [] : schedule.takeDue(at: now)
            now += wait
            let due = schedule.takeDue(at: now)
            #expect(early == [] && due == [2])
            waits.append(wait)
            schedule.looked(at: [2], repaired: [2], at: now)
        }
        #expect(waits == [0, 1, 2, 4, 8, 16, 32, 64, 64].map { .seconds($0) })
        schedule.ask([3])
        let other = schedule.takeDue(at: now)
        #expect(other == [3])
    }

    @Test func `after a quiet time, or of a new interface of the same number, it is at once again`() {
        var schedule = RepairSchedule()
        for _ in 0..<3 { schedule.looked(at: [2], repaired: [2], at: start) }
        schedule.ask([2])
        #expect(schedule.wait(from: start) == .seconds(4))
        #expect(schedule.wait(from: start + .seconds(5)) == .zero)
        var other = schedule
        other.forget([2])
        #expect(other.wait(from: start) == nil)
        other.ask([2])
        #expect(other.wait(from: start) == .zero)
        schedule.looked(at: [2], repaired: [2], at: start + .seconds(9))
        #expect(schedule.wait(from: start + .seconds(9)) == RepairSchedule.leastSpacing)
    }

    @Test func `looks that find nothing missing stay a second apart`() {
        var schedule = RepairSchedule()
        for _ in 0..<5 { schedule.looked(at: [2], repaired: [], at: start) }
        schedule.ask([2])
        #expect(schedule.wait(from: start) == .seconds(1))
    }
}
