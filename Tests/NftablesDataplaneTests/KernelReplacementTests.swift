import Dataplane
import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import NftablesDataplane

/// A table named fairway that another version left, or that somebody edited.
@Suite(.enabled(if: Requirement.root && Requirement.tool("nft"), "needs root and nft"))
struct KernelReplacementTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// What nft is told; `FAMILY` stands for `ip` or `ip6`.
        let script: String
        /// Over a table of this version, rather than over none.
        var isEdit = false
        var testDescription: String { name }
    }

    /// A table with these lines.
    private static func table(_ lines: String...) -> String {
        "table FAMILY fairway {\n" + lines.map { $0 + "\n" }.joined() + "}"
    }

    static let cases: [Case] = [
        Case(
            name: "another layout",
            script: table(
                "chain web {", "counter accept", "}",
                "map services {", "type inet_proto . inet_service : verdict", "elements = { tcp . 80 : goto web }", "}",
                "set stale {", "type mark", "elements = { 1, 2, 3 }", "}",
                "chain nat-prerouting {", "type nat hook prerouting priority -90",
                "meta l4proto . th dport vmap @services", "}")),
        Case(name: "an empty table", script: table()),
        Case(name: "a dormant table", script: table("flags dormant")),
        Case(
            name: "a set of this version's name and another type",
            script: table("set service-ips {", "type mark", "}")),
        Case(
            name: "a base chain of this version's regular one's name",
            script: table("chain services {", "type filter hook output priority 5", "drop", "}")),
        Case(
            name: "a base chain more",
            script: table("chain old-hook {", "type filter hook input priority 0", "drop", "}"), isEdit: true),
        Case(
            name: "a base chain by the name of a balancing chain",
            script: table("chain balance-77 {", "type filter hook input priority 0", "drop", "}"), isEdit: true),
        Case(name: "a regular chain more", script: table("chain old {", "counter drop", "}"), isEdit: true),
        Case(name: "a set more", script: table("set old {", "type mark", "elements = { 1 }", "}"), isEdit: true),
        Case(
            name: "a set of a kind Fairway never writes",
            script: table("set old {", "type ether_addr", "timeout 1h", "}"), isEdit: true),
        Case(name: "the table switched off", script: "add table FAMILY fairway { flags dormant; }", isEdit: true),
        Case(name: "a rule more", script: "add rule FAMILY fairway filter-input counter drop", isEdit: true),
        Case(
            name: "a rule in front with a set of its own",
            script: "insert rule FAMILY fairway services meta mark { 1, 2 } accept", isEdit: true),
        Case(name: "constant rules gone", script: "flush chain FAMILY fairway dispatch", isEdit: true),
        Case(name: "all rules gone", script: "flush table FAMILY fairway", isEdit: true),
        Case(name: "elements gone", script: "flush map FAMILY fairway cluster-endpoints", isEdit: true),
    ]

    @Test("The next dataplane makes it its own", arguments: cases, IPFamily.allCases)
    func replaces(_ row: Case, _ family: IPFamily) async throws {
        let network = TestNetwork()
        defer { network.close() }
        let node = try network.addNamespace("node")
        let nftables = NftablesFamily(family)
        var random = RandomServiceTable(seed: 7)
        let table = random.table()
        if row.isEdit {
            try await node.inside {
                var dataplane = try NftablesDataplane(affinitySeed: 0)
                _ = try dataplane.synchronize(table, family: family)
            }
        }
        let script = row.script.replacing("FAMILY", with: nftables.text)
        let loaded = try await node.run(["nft", "-f", "-"], input: script + "\n")
        #expect(loaded.status.isSuccess, "\(loaded)")
        try await node.inside {
            var dataplane = try NftablesDataplane(affinitySeed: 0)
            _ = try dataplane.adoptOrder()
            let report = try dataplane.synchronize(table, family: family)
            #expect(!report.isEmpty, "\(row.name)")
            let held = try KernelTableState(nftables).read()
            #expect(TableMeaning(held) == TableMeaning(try PlannedTable(table, family: family).fake), "\(row.name)")
            let broken1 = try violations(held, of: table, family: family)
            #expect(broken1 == [], "\(row.name)")
            let second = try dataplane.synchronize(table, family: family)
            #expect(second.isEmpty, "\(row.name): \(second)")
        }
        let listing = try await node.run(["nft", "list", "table", nftables.text, "fairway"]).standardOutput
        let fresh = try network.addNamespace("fresh")
        try await fresh.inside {
            var dataplane = try NftablesDataplane(affinitySeed: 0)
            _ = try dataplane.synchronize(table, family: family)
        }
        let wanted = try await fresh.run(["nft", "list", "table", nftables.text, "fairway"]).standardOutput
        let lines = { (text: String) in text.split(separator: "\n").sorted() }
        #expect(lines(listing) == lines(wanted))
    }
}
