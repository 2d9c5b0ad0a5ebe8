import Dataplane
import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import UserspaceDataplane

@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"), .timeLimit(.minutes(1)))
struct RedirectionTableTests {
    private static let detectors: [LocalDetector] = [
        .none, .interface("cni0"), .interfacePrefix("veth"), .sourcePrefixes([RedirectionFixture.prefix("10.244.0.0/24")]),
        .sourcePrefixes([RedirectionFixture.prefix("fd00:10:244::/64")]),
    ]

    private static func somePorts() -> RedirectionPorts {
        var ports = RedirectionPorts()
        for (index, place) in RedirectionListeners.places.enumerated() { ports[place] = 40_000 + UInt16(index) }
        return ports
    }

    private static func run(_ name: String, _ arguments: [String]) throws -> String {
        guard let path = toolPath(name) else { throw TestSupportError("no \(name)") }
        let output = try ProcessRequest(path: path, arguments: arguments).collectOutput(input: [], timeout: .seconds(10))
        return output.standardOutput + output.standardError
    }

    @Test("what was written is found again, and nft lists it", arguments: IPFamily.allCases, detectors)
    func writtenIsRead(family: IPFamily, detector: LocalDetector) async throws {
        var fixture = RedirectionFixture(family)
        fixture.detector = detector
        let table = fixture.table()
        let network = TestNetwork()
        let node = try network.addNamespace("node")
        let (first, second, listing) = try await node.inside {
            var redirection = try Redirection(UserspaceSettings())
            let first = try redirection.synchronize(table, family: family, ports: Self.somePorts())
            let second = try redirection.synchronize(table, family: family, ports: Self.somePorts())
            return (first, second, try Self.run("nft", ["list", "ruleset"]))
        }
        #expect(first.transactions == 1)
        #expect(second.isEmpty)
        #expect(listing.contains("table \(family == .ipv4 ? "ip" : "ip6") fairway-userspace"))
        #expect(listing.contains("socket transparent 1"))
        #expect(!listing.contains("unknown"))
        network.close()
    }

    @Test("a step writes the elements that differ and nothing else", arguments: IPFamily.allCases)
    func stepIsSmall(family: IPFamily) async throws {
        let fixture = RedirectionFixture(family)
        let before = fixture.table()
        var after = before
        let gone = fixture.ports(.tcp)[0]
        after[gone.key] = nil
        let fresh = ServicePort.named(
            "fresh", family: family, frontends: [.clusterIP(fixture.address(20), 443, OriginVerdicts(all: .reject))])
        after[fresh.key] = fresh
        let change = after.changes(from: before)
        let network = TestNetwork()
        let node = try network.addNamespace("node")
        let (step, next, held) = try await node.inside { [after] in
            var redirection = try Redirection(UserspaceSettings())
            _ = try redirection.synchronize(before, family: family, ports: Self.somePorts())
            let step = try redirection.apply(change, family: family)
            let next = try redirection.synchronize(after, family: family, ports: Self.somePorts())
            let layout = RedirectionLayout(family: NftablesFamily(family), marks: .init(), ports: Self.somePorts())
            return (step, next, try RedirectionExecutor(layout: layout).read(NftablesSocket()))
        }
        // The ClusterIP of `web` is still that of its UDP port.
        #expect(step?.elementsDeleted == 2)
        #expect(step?.elementsAdded == 2)
        #expect(step?.rulesWritten == 0)
        #expect(next.isEmpty)
        let clusterIPs = held?.elements.keys.count { $0.set == .clusterIPs }
        #expect(clusterIPs == 4)
        network.close()
    }

    @Test("other ports of the relay are written in one transaction, and elements stay")
    func portsChange() async throws {
        let table = RedirectionFixture(.ipv4).table()
        let network = TestNetwork()
        let node = try network.addNamespace("node")
        let report = try await node.inside {
            var redirection = try Redirection(UserspaceSettings())
            _ = try redirection.synchronize(table, family: .ipv4, ports: Self.somePorts())
            var ports = Self.somePorts()
            for place in RedirectionListeners.places { ports[place] += 100 }
            return try redirection.synchronize(table, family: .ipv4, ports: ports)
        }
        #expect(report.transactions == 1)
        #expect(report.elementsAdded == 0 && report.elementsDeleted == 0)
        #expect(report.rulesWritten > 0)
        network.close()
    }

    /// What somebody does to the node, in words of nft and ip.
    private static let faults: [[String]] = [
        ["nft", "delete", "table", "ip", "fairway-userspace"], ["nft", "flush", "chain", "ip", "fairway-userspace", "prerouting"],
        ["nft", "flush", "set", "ip", "fairway-userspace", "cluster-ips"],
        ["nft", "flush", "set", "ip", "fairway-userspace", "service-cidrs"],
        ["nft", "add", "chain", "ip", "fairway-userspace", "stranger"],
        ["nft", "add", "element", "ip", "fairway-userspace", "cluster-ips", "{ 192.0.2.77 }"],
        ["ip", "rule", "del", "priority", "60"], ["ip", "route", "flush", "table", "26209"],
    ]

    @Test("what others changed is put right by the next full synchronisation", arguments: faults)
    func foreignChange(fault: [String]) async throws {
        let table = RedirectionFixture(.ipv4).table()
        let network = TestNetwork()
        let node = try network.addNamespace("node")
        let (before, after, printed) = try await node.inside {
            func state() throws -> [String] {
                [
                    try Self.run("nft", ["-s", "list", "ruleset"]).split(separator: "\n").sorted().joined(separator: "\n"),
                    try Self.run("ip", ["rule"]),
                    try Self.run("ip", ["route", "show", "table", "26209"]),
                ]
            }
            var redirection = try Redirection(UserspaceSettings())
            _ = try redirection.synchronize(table, family: .ipv4, ports: Self.somePorts())
            let before = try state()
            let printed = try Self.run(fault[0], Array(fault.dropFirst()))
            _ = try redirection.synchronize(table, family: .ipv4, ports: Self.somePorts())
            return (before.map(\.count), try state().map(\.count), printed)
        }
        #expect(printed.isEmpty)
        #expect(after == before)
        network.close()
    }

    @Test("everything is removed, and nothing of others")
    func removal() async throws {
        let network = TestNetwork()
        let node = try network.addNamespace("node")
        let (removed, again, left) = try await node.inside {
            _ = try Self.run("nft", ["add", "table", "ip", "others"])
            _ = try Self.run("ip", ["rule", "add", "fwmark", "0x40", "lookup", "100"])
            let before = try Self.run("ip", ["rule"])
            var redirection = try Redirection(UserspaceSettings())
            for family in IPFamily.allCases {
                _ = try redirection.synchronize(RedirectionFixture(family).table(), family: family, ports: Self.somePorts())
            }
            let removed = try redirection.remove()
            let same = try Self.run("ip", ["rule"]) == before
            return (removed, try redirection.remove(), (same, try Self.run("nft", ["list", "tables"])))
        }
        #expect(removed.count == 6)
        #expect(again.isEmpty)
        #expect(left.0)
        #expect(left.1 == "table ip others\n")
        network.close()
    }
}
