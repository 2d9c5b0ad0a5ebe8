import BPF
import CBPFMaps
import BPFTesting
import Dataplane
import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import BPFDataplane

/// What the executor leaves in the kernel, takes over from it, and removes.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces, loads BPF programs"), .timeLimit(.minutes(2)))
struct KernelLifeTests {
    @Test func `cleanup leaves nothing behind, and others' filters where they were`() async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let foreign = try await fixture.topology.node.run(["tc", "qdisc", "add", "dev", "veth0", "clsact"])
        try #require(foreign.status.isSuccess, "\(foreign)")
        let words = "filter add dev veth0 ingress prio 7 protocol ip u32 match ip src 192.0.2.77/32 classid 1:1"
        let filter = try await fixture.topology.node.run(["tc"] + words.split(separator: " ").map { String($0) })
        try #require(filter.status.isSuccess, "\(filter)")
        let (before, names, removed, again) = try await fixture.topology.node.inside {
            var dataplane = BPFDataplane(fixture.settings())
            try dataplane.synchronize(fixture.table())
            let names = try BPFFileSystem.names(in: fixture.pinPath)
            return (try PlaneFixture.attached(), names, try dataplane.cleanup(), try dataplane.cleanup())
        }
        #expect(before == ["eth0": 2, "pods0": 2, "veth0": 2])
        #expect(names.contains("connections") && names.contains("connect4"))
        #expect(removed == ["packet programs from 3 interfaces", "9 socket programs", "pin folder \(fixture.pinPath)"])
        #expect(again == [])
        #expect(try fixture.attached() == ["eth0": 0, "pods0": 0, "veth0": 0])
        let left = try BPFFileSystem.names(in: fixture.pins.path)
        #expect(!left.contains("fairway"), "\(left)")
        let qdiscs = try await fixture.topology.node.run(["tc", "qdisc", "show"]).standardOutput
        #expect(qdiscs.split(separator: "\n").filter { $0.contains("clsact") }.map { $0.contains("veth0") } == [true])
        let filters = try await fixture.topology.node.run(["tc", "filter", "show", "dev", "veth0", "ingress"])
        #expect(filters.standardOutput.contains("u32") && !filters.standardOutput.contains("bpf"))
        let programs = try await fixture.topology.node.run(["bpftool", "cgroup", "show", fixture.cgroup.path])
        #expect(!programs.standardOutput.contains("connect4"), "\(programs)")
    }

    @Test func `a second daemon is told who has the folder`() async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let text = try await fixture.topology.node.inside {
            var first = BPFDataplane(fixture.settings())
            try first.synchronize(fixture.table())
            var second = BPFDataplane(fixture.settings())
            let error = #expect(throws: DataplaneError.self) { _ = try second.adoptOrder() }
            let removal = #expect(throws: DataplaneError.self) { _ = try second.cleanup() }
            _ = try first.cleanup()
            return "\(error.map { "\($0)" } ?? "") \(removal.map { "\($0)" } ?? "")"
        }
        #expect(text.split(separator: "another fairway uses it").count == 3, "\(text)")
    }

    @Test func `a new interface carries the programs at once, and one that goes is forgotten`() async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let (duration, rows) = try await fixture.topology.node.inside {
            var dataplane = BPFDataplane(fixture.settings())
            try dataplane.synchronize(fixture.table())
            try fixture.topology.node.configure(["link add name fresh0 type veth peer name fresh1", "link set fresh0 up"])
            let begun = ContinuousClock.now
            while try PlaneFixture.attached()["fresh0"] != 2, ContinuousClock.now - begun < .seconds(40) {}
            let duration = ContinuousClock.now - begun
            while try PlaneFixture.attached()["fresh1"] != 2, ContinuousClock.now - begun < .seconds(40) {}
            let state = try dataplane.working().state
            let before = try state.maps.interfaces.count()
            try fixture.topology.node.configure(["link del fresh0"])
            let gone = ContinuousClock.now
            while try state.maps.interfaces.count() > before - 2, ContinuousClock.now - gone < .seconds(40) {}
            let rows = (before, try state.maps.interfaces.count())
            _ = try dataplane.cleanup()
            return (duration, rows)
        }
        print("a new interface carried the programs after \(duration)")
        #expect(duration < .seconds(30))
        #expect(rows.0 - rows.1 == 2)
    }

    @Test func `interfaces that were not chosen carry nothing`() async throws {
        let fixture = try await PlaneFixture.make(pods: 2)
        defer { fixture.close() }
        let attached = try await fixture.topology.node.inside {
            var dataplane = BPFDataplane(fixture.settings())
            try dataplane.synchronize(fixture.table())
            var other = BPFDataplane(fixture.settings { $0.interfaces = InterfaceChoice("eth0,veth1*") ?? $0.interfaces })
            dataplane = BPFDataplane(fixture.settings())
            try other.synchronize(fixture.table())
            let attached = try PlaneFixture.attached()
            _ = try other.cleanup()
            return attached
        }
        #expect(attached == ["eth0": 2, "pods0": 0, "veth0": 0, "veth1": 2])
    }

    @Test func `maps of a newer version are left alone, those of an older one replaced`() async throws {
        let fixture = try await PlaneFixture.make(pods: 1)
        defer { fixture.close() }
        let (newer, ids) = try await fixture.topology.node.inside {
            func change(_ schema: UInt32) throws -> UInt32 {
                let map = try BPFMap<UInt32, fw_settings>(opening: "\(fixture.pinPath)/settings")
                var settings = try #require(try map.lookup(0))
                settings.schema = schema
                try map.update(0, settings)
                return map.shape.id
            }
            var dataplane = BPFDataplane(fixture.settings())
            try dataplane.synchronize(fixture.table())
            dataplane = BPFDataplane(fixture.settings())
            let before = try change(UInt32(FW_SCHEMA) + 1)
            let error = #expect(throws: DataplaneError.self) { _ = try dataplane.adoptOrder() }
            _ = try change(UInt32(FW_SCHEMA) - 1)
            dataplane = BPFDataplane(fixture.settings())
            try dataplane.synchronize(fixture.table())
            let after = try BPFMapHandle(opening: "\(fixture.pinPath)/settings").shape.id
            _ = try dataplane.cleanup()
            return (error?.code, (before, after))
        }
        #expect(newer == .newerVersion)
        #expect(ids.0 != ids.1)
    }

    @Test func `a restart keeps maps and backends' numbers, and writes nothing`() async throws {
        let fixture = try await PlaneFixture.make(pods: 2)
        defer { fixture.close() }
        let (order, reports, ids) = try await fixture.topology.node.inside {
            var dataplane = BPFDataplane(fixture.settings())
            try dataplane.synchronize(fixture.table())
            func ids() throws -> Set<UInt32> {
                Set(try BPFMap<UInt32, fw_backend>(opening: "\(fixture.pinPath)/backends").all().map(\.key))
            }
            let before = try ids()
            dataplane = BPFDataplane(fixture.settings())
            let order = try dataplane.adoptOrder()
            let reports = try IPFamily.allCases.map { try dataplane.synchronize(fixture.table(), family: $0) }
            let after = try ids()
            _ = try dataplane.cleanup()
            return (order, reports, (before, after))
        }
        #expect(order.cluster.count == 8)
        #expect(reports.allSatisfy { $0.isEmpty }, "\(reports)")
        #expect(ids.0 == ids.1 && ids.0.count == 8)
    }

    @Test func `a path on no bpf file system is told how to become one`() async throws {
        let text = try await NetworkNamespace.make().inside {
            var settings = BPFSettings()
            settings.pinPath = "/tmp/no-bpf-here"
            var dataplane = BPFDataplane(settings)
            let error = #expect(throws: DataplaneError.self) { _ = try dataplane.adoptOrder() }
            return error.map { "\($0)" } ?? ""
        }
        #expect(text.contains("mount -t bpf"), "\(text)")
    }
}
