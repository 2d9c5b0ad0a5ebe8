import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing
import fairway

@Suite struct NodeWarningRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout NodeFacts) -> Void
        let names: [String]
        var text = ""
    }

    private static func drop(_ family: String, _ table: String, _ hook: NftablesChain.Hook?) -> NftablesChainSummary {
        NftablesChainSummary(family: family, table: table, name: "FORWARD", hook: hook, dropsByPolicy: true)
    }

    static let cases: [Case] = [
        Case(testDescription: "a node as it should be", change: { _ in }, names: []),
        Case(
            testDescription: "IPv4 is not forwarded", change: { $0.forwards[.ipv4] = false },
            names: ["forwarding-off-IPv4"], text: "net.ipv4.ip_forward is 0"),
        Case(
            testDescription: "IPv6 is not forwarded", change: { $0.forwards[.ipv6] = false },
            names: ["forwarding-off-IPv6"], text: "net.ipv6.conf.all.forwarding is 0"),
        Case(testDescription: "a family that is off", change: { $0.forwards[.ipv6] = nil }, names: []),
        Case(
            testDescription: "strict on all", change: { $0.reversePathFilters["all"] = 1 },
            names: ["strict-reverse-path-filter"], text: "on all:"),
        Case(
            testDescription: "strict on interfaces",
            change: { $0.reversePathFilters = ["all": 0, "eth1": 1, "eth0": 1, "eth2": 2, "default": 1, "lo": 1] },
            names: ["strict-reverse-path-filter"], text: "on eth0, eth1:"),
        Case(
            testDescription: "strict on many interfaces",
            change: { for index in 0..<7 { $0.reversePathFilters["veth\(index)"] = 1 } },
            names: ["strict-reverse-path-filter"], text: "veth4 and 2 more"),
        Case(
            testDescription: "loose on all is in force before strict on one",
            change: { $0.reversePathFilters = ["all": 2, "eth0": 1] }, names: []),
        Case(
            testDescription: "sources looked up by mark on all", change: { $0.sourceValidMarks = ["all": 1, "eth0": 0] },
            names: ["source-valid-mark"], text: "src_valid_mark is 1 on all:"),
        Case(
            testDescription: "sources looked up by mark on an interface",
            change: { $0.sourceValidMarks = ["all": 0, "eth0": 1, "lo": 1, "default": 1] }, names: ["source-valid-mark"],
            text: "on eth0:"),
        Case(
            testDescription: "sources looked up by mark nowhere that packets come from",
            change: { $0.sourceValidMarks = ["all": 0, "eth0": 0, "lo": 1, "default": 1] }, names: []),
        Case(
            testDescription: "kube-proxy in nftables mode",
            change: {
                $0.tables = ["ip6", "ip", "inet"].map { NftablesTableSummary(family: $0, name: "kube-proxy") }
            }, names: ["other-proxy-ip-nftables", "other-proxy-ip6-nftables"], text: "ip kube-proxy"),
        Case(
            testDescription: "kube-proxy in iptables mode",
            change: {
                $0.chains = [
                    NftablesChainSummary(family: "ip", table: "nat", name: "KUBE-SERVICES"),
                    NftablesChainSummary(family: "ip", table: "filter", name: "KUBE-SERVICES"),
                ]
            }, names: ["other-proxy-ip-iptables"], text: "KUBE-SERVICES"),
        Case(
            testDescription: "kube-proxy in ipvs mode",
            change: { $0.reversePathFilters = ["eth0": 0, "kube-ipvs0": 0] }, names: ["other-proxy-ipvs"],
            text: "fairway cleanup"),
        Case(
            testDescription: "a default drop at forward and input",
            change: { $0.chains = [drop("inet", "own", .forward), drop("ip", "filter", .input)] },
            names: ["default-drop-inet-own-FORWARD", "default-drop-ip-filter-FORWARD"], text: "drops by policy"),
        Case(
            testDescription: "a default drop at other hooks, and in a table that is off",
            change: {
                $0.chains = [drop("ip", "filter", .output), drop("bridge", "own", nil), drop("ip6", "off", .forward)]
                $0.tables = [NftablesTableSummary(family: "ip6", name: "off", isDormant: true)]
            }, names: []),
    ]

    @Test("warnings follow from the node's set-up", arguments: cases)
    func rule(_ item: Case) {
        var facts = NodeFacts()
        facts.forwards = [.ipv4: true, .ipv6: true]
        item.change(&facts)
        let warnings = NodeWarning.warnings(facts)
        #expect(warnings.map(\.name) == item.names)
        if !item.text.isEmpty { #expect(warnings.first?.text.contains(item.text) == true, "\(warnings)") }
    }

    @Test(
        "durations are read as Go's flags have them",
        arguments: [
            ("0", 0), ("0s", 0), ("24h", 86_400), ("1h30m", 5_400), ("90s", 90), ("2000ms", 2), ("1h0m1s", 3_601),
            ("", nil), ("5", nil), ("1.5h", 5_400), ("-1s", nil), ("1d", nil), ("1500ms", nil), ("s", nil), ("h1", nil),
            ("99999999999999999h", nil),
        ])
    func duration(_ text: String, _ seconds: Int?) { #expect(DurationText.seconds(text) == seconds) }
}

extension FairwayTests {
    @Suite(.enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("nft"), "needs nft"))
    struct NodeWarningTests {
        @Test func `a set-up that keeps Services from working is named once, and when it is settled`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.node.setSysctl("net/ipv4/ip_forward", "0")
            try cluster.node.setSysctl("net/ipv6/conf/all/forwarding", "0")
            // Switching forwarding off resets nothing else that is looked at here.
            try cluster.node.setSysctl("net/ipv4/conf/eth0/rp_filter", "1")
            let load = try await cluster.node.run(
                ["nft", "-f", "-"],
                input: """
                    table ip kube-proxy { }
                    table ip nat {
                      chain KUBE-SERVICES { }
                    }
                    table inet admin {
                      chain through { type filter hook forward priority 0; policy drop; }
                    }

                    """)
            try #require(load.status.isSuccess, "\(load)")
            let daemon = try await cluster.startDaemon()
            for name in [
                "forwarding-off-IPv4", "forwarding-off-IPv6", "strict-reverse-path-filter", "other-proxy-ip-nftables",
                "other-proxy-ip-iptables", "default-drop-inet-admin-through",
            ] {
                let line = try await daemon.waitForLine(containing: "warning=\(name)")
                #expect(line.contains(" warning "), "\(line)")
            }
            try cluster.node.setSysctl("net/ipv4/ip_forward", "1")
            let change = try await cluster.node.run(["nft", "delete table inet admin; add table ip6 kube-proxy"])
            try #require(change.status.isSuccess, "\(change)")
            for line in ["settled warning=forwarding-off-IPv4", "settled warning=default-drop-inet-admin-through"] {
                try await daemon.waitForLine(containing: line, timeout: .seconds(30))
            }
            try await daemon.waitForLine(containing: "warning=other-proxy-ip6-nftables", timeout: .seconds(30))
            #expect(daemon.lines.count { $0.contains("warning=strict-reverse-path-filter") } == 1)
            #expect(daemon.lines.count { $0.contains("warning=other-proxy-ip-nftables") } == 1)
        }

        @Test func `src_valid_mark keeps packets from the relay, which is told of`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.node.setSysctl("net/ipv4/conf/eth0/src_valid_mark", "1")
            let daemon = try await cluster.startDaemon(["--proxy-mode", "userspace"])
            let line = try await daemon.waitForLine(containing: "warning=source-valid-mark")
            #expect(line.contains("src_valid_mark is 1 on eth0:"), "\(line)")
            let target = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
            let lost = try await cluster.ask(from: cluster.client, .tcp, target, count: 1)
            #expect(lost.allSatisfy { !$0.name.hasPrefix("pod") }, "\(lost)")
            // Pods come in by other interfaces, and IPv6 has no such check.
            let clusterIP = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let fromPod = try await cluster.ask(from: cluster.pods[0].namespace, .tcp, clusterIP, count: 5)
            let overIPv6 = try await cluster.ask(
                from: cluster.client, .tcp, SocketAddress(ServiceTopology.nodeAddress(.ipv6), port: 30080), count: 5)
            #expect((fromPod + overIPv6).allSatisfy { $0.name.hasPrefix("pod") }, "\(fromPod) \(overIPv6)")
            try cluster.node.setSysctl("net/ipv4/conf/eth0/src_valid_mark", "0")
            let found = try await cluster.ask(from: cluster.client, .tcp, target, count: 5)
            #expect(found.allSatisfy { $0.name.hasPrefix("pod") }, "\(found)")
            try await daemon.waitForLine(containing: "settled warning=source-valid-mark", timeout: .seconds(30))
        }
    }
}
