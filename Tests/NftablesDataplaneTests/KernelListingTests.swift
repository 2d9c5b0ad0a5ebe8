import Dataplane
import DataplaneTesting
import FoundationEssentials
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import NftablesDataplane

/// What an administrator sees with nft, and does beside Fairway.
@Suite(.enabled(if: Requirement.root && Requirement.tool("nft"), "needs root and nft"))
struct KernelListingTests {
    /// The version the golden listing is of; others word some things otherwise.
    private static let goldenVersion = "v1.0.6"

    private static let toCluster = OriginVerdicts(
        pod: .balance(.cluster, masquerade: false), node: .balance(.cluster, masquerade: true),
        outside: .balance(.cluster, masquerade: true))

    private static func table(_ family: IPFamily) -> ServiceTable {
        let isV4 = family == .ipv4
        return .of(
            [
                .named(
                    "web", port: "http", family: family,
                    cluster: isV4
                        ? [.at("10.244.1.2:8080", isLocal: true), .at("10.244.2.3:8080")]
                        : [.at("[fd00:244:1::2]:8080", isLocal: true), .at("[fd00:244:2::3]:8080")],
                    frontends: [
                        .clusterIP(isV4 ? "10.96.0.20" : "fd00:96::20", 80, toCluster),
                        .nodePort(30080, toCluster),
                        .loadBalancerIP(
                            isV4 ? "203.0.113.5" : "fd00:203::5", 80, toCluster,
                            from: (isV4 ? ["198.51.100.0/24", "203.0.113.5/32"] : ["fd00:198::/64", "fd00:203::5/128"])
                                .compactMap { IPPrefix($0) }),
                    ]),
                .named(
                    "sticky", family: family, affinity: Affinity(timeoutSeconds: 10800),
                    cluster: isV4
                        ? [.at("10.244.1.2:8080", isLocal: true), .at("10.244.2.3:8080")]
                        : [.at("[fd00:244:1::2]:8080", isLocal: true), .at("[fd00:244:2::3]:8080")],
                    frontends: [
                        .clusterIP(isV4 ? "10.96.0.21" : "fd00:96::21", 80, toCluster),
                        .nodePort(30081, toCluster),
                    ]),
                .named(
                    "turns", family: family, scheduler: .weightedRoundRobin,
                    cluster: isV4
                        ? [.at("10.244.1.2:8080", weight: 2, isLocal: true), .at("10.244.2.3:8080")]
                        : [.at("[fd00:244:1::2]:8080", weight: 2, isLocal: true), .at("[fd00:244:2::3]:8080")],
                    frontends: [.clusterIP(isV4 ? "10.96.0.22" : "fd00:96::22", 80, toCluster)]),
                .named(
                    "hashed", family: family, scheduler: .sourceHash,
                    cluster: isV4
                        ? [.at("10.244.1.2:8080", isLocal: true), .at("10.244.2.3:8080")]
                        : [.at("[fd00:244:1::2]:8080", isLocal: true), .at("[fd00:244:2::3]:8080")],
                    frontends: [.clusterIP(isV4 ? "10.96.0.23" : "fd00:96::23", 80, toCluster)]),
                .named(
                    "empty", .udp, family: family,
                    frontends: [.clusterIP(isV4 ? "10.96.0.30" : "fd00:96::30", 53, OriginVerdicts(all: .reject))]),
            ],
            node: NodeTable(
                localDetector: .sourcePrefixes([IPPrefix(isV4 ? "10.244.1.0/24" : "fd00:244:1::/64")].compactMap { $0 }),
                nodePortAddresses: [.text(isV4 ? "192.0.2.1" : "2001:db8::1")],
                serviceRanges: [IPPrefix(isV4 ? "10.96.0.0/12" : "fd00:96::/112")].compactMap { $0 }))
    }

    /// A namespace of `network` that holds the table of `family`.
    private static func node(_ network: TestNetwork, _ family: IPFamily) async throws -> TestNamespace {
        let node = try network.addNamespace("node")
        try await node.inside {
            var dataplane = try NftablesDataplane(affinitySeed: 0)
            _ = try dataplane.synchronize(table(family), family: family)
        }
        return node
    }

    private static func nft(_ node: TestNamespace, _ arguments: [String], input: String = "") async throws -> String {
        let output = try await node.run(["nft"] + arguments, input: input)
        try #require(output.status.isSuccess, "nft \(arguments): \(output)")
        #expect(output.standardError.isEmpty)
        return output.standardOutput
    }

    @Test("nft lists the table as it did, and loads its own listing", arguments: IPFamily.allCases)
    func listsAndLoads(family: IPFamily) async throws {
        let network = TestNetwork()
        defer { network.close() }
        let node = try await Self.node(network, family)
        let listing = try await Self.nft(node, ["list", "ruleset"])
        let other = try network.addNamespace("other")
        _ = try await Self.nft(other, ["-f", "-"], input: listing)
        #expect(try await Self.nft(other, ["list", "ruleset"]) == listing)

        // A dataplane takes what nft loaded for its own, but for the bound at zero that nft puts into
        // interval sets: it writes pod prefixes and Service ranges anew. And one chain in IPv6, where nft
        // 1.0.6 loads the value of an `update` over the end of its key.
        let mended = family == .ipv4 ? 0 : 2 * 9
        try await other.inside {
            var dataplane = try NftablesDataplane(affinitySeed: 0)
            let report = try dataplane.synchronize(Self.table(family), family: family)
            #expect([report.elementsAdded, report.elementsDeleted, report.rulesWritten] == [4, 0, mended], "\(report)")
            #expect(try dataplane.synchronize(Self.table(family), family: family).isEmpty)
        }
        guard try await Self.nft(node, ["--version"]).contains(Self.goldenVersion) else { return }
        try Self.compare(listing, folder: "nft-listing-\(NftablesFamily(family).text)")
    }

    private static func compare(_ text: String, folder: String) throws {
        let here = "\(#filePath)"
        let folder = here[..<(here.lastIndex(of: "/") ?? here.endIndex)] + "/Golden/" + folder
        let path = folder + "/expected.nft"
        if ProcessInfo.processInfo.environment["FAIRWAY_UPDATE_GOLDEN"] == "1" {
            try FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: String(path)))
            Issue.record("rewrote \(path): look at the difference and run again")
            return
        }
        let expected = String(decoding: try Data(contentsOf: URL(filePath: String(path))), as: UTF8.self)
        let lines = { (text: String) in text.split(separator: "\n", omittingEmptySubsequences: false) }
        let difference = lines(text).difference(from: lines(expected))
        #expect(difference.isEmpty, "\(path) differs: \(difference.map { "\($0)" })")
    }

    /// `nft -j list ruleset`: a list of objects of one key each.
    private struct JSONListing: Decodable {
        struct Named: Decodable {
            var name: String?
        }
        let nftables: [[String: Named]]
    }

    @Test("nft prints the table as JSON", arguments: IPFamily.allCases)
    func printsJSON(family: IPFamily) async throws {
        let network = TestNetwork()
        defer { network.close() }
        let node = try await Self.node(network, family)
        // nft 1.0.6 has no JSON for a rule that updates a map, says so, and prints the rest.
        let output = try await node.run(["nft", "-j", "list", "ruleset"])
        #expect(output.status.isSuccess)
        let complaints = Set(output.standardError.split(separator: "\n").map(String.init))
        #expect(complaints.isSubset(of: ["warning: stmt ops map have no json callback"]))
        let text = output.standardOutput
        let listing = try JSONDecoder().decode(JSONListing.self, from: Data(text.utf8))
        let names = { (kind: String) in Set(listing.nftables.compactMap { $0[kind]?.name }) }
        #expect(names("table") == ["fairway"])
        #expect(names("set").union(names("map")) == Set(TableSet.allCases.map(\.rawValue)))
        let chains = TableLayout(family: NftablesFamily(family)).chains.map(\.name)
        let ports = [false, true].map { BalanceChain(isNodePort: $0, scope: .cluster, count: 2, affinitySeconds: 10800) }
        let balancing = names("chain").compactMap(BalanceChain.init(name:))
        #expect(Set(ports).isSubset(of: balancing))
        #expect(names("chain") == Set(chains + balancing.map(\.name)))
    }

    @Test("An administrator's own tables live beside Fairway's", arguments: IPFamily.allCases)
    func administratorsTables(family: IPFamily) async throws {
        let network = TestNetwork()
        defer { network.close() }
        let node = try await Self.node(network, family)
        let before = try await Self.nft(node, ["list", "ruleset"])
        let own = """
            table inet admin {
            \tset blocked {
            \t\ttype ipv4_addr
            \t\telements = { 198.51.100.7 }
            \t}

            \tchain input {
            \t\ttype filter hook input priority filter; policy accept;
            \t\tip saddr @blocked drop
            \t}
            }

            """
        _ = try await Self.nft(node, ["-f", "-"], input: own)
        #expect(try await Self.nft(node, ["list", "table", "inet", "admin"]) == own)
        #expect(try await Self.nft(node, ["list", "ruleset"]) == before + own)
        try await node.inside {
            var dataplane = try NftablesDataplane(affinitySeed: 0)
            #expect(try dataplane.synchronize(Self.table(family), family: family).isEmpty)
            _ = try dataplane.synchronize(ServiceTable(), family: family)
        }
        #expect(try await Self.nft(node, ["list", "table", "inet", "admin"]) == own)
        _ = try await Self.nft(node, ["add", "element", "inet", "admin", "blocked", "{ 198.51.100.8 }"])
        _ = try await Self.nft(node, ["delete", "table", "inet", "admin"])
        let name = NftablesFamily(family).text
        #expect(try await Self.nft(node, ["list", "tables"]) == "table \(name) fairway\n")
        try await node.inside {
            var dataplane = try NftablesDataplane(affinitySeed: 0)
            #expect(try dataplane.cleanup() == ["table \(name) fairway"])
        }
        #expect(try await Self.nft(node, ["list", "ruleset"]) == "")
    }
}
