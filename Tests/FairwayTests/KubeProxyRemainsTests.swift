import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// What kube-proxy leaves behind in each of its modes, and `fairway cleanup`.
    @Suite(
        .enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("nft"), "needs nft"),
        .enabled(if: Requirement.tool("iptables-nft"), "needs iptables-nft"))
    struct KubeProxyRemainsTests {
        /// In the layout of kube-proxy's mode nftables.
        private static let nftables = """
            table ip kube-proxy {
              set cluster-ips { type ipv4_addr; elements = { 10.96.0.80 } }
              chain service-x { meta l4proto tcp dnat to 10.244.0.1:80; }
              map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; elements = { 10.96.0.80 . tcp . 80 : goto service-x } }
              chain services { ip daddr . meta l4proto . th dport vmap @service-ips; }
              chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }
            }
            table ip6 kube-proxy { chain services { counter; }; }
            table ip mine { chain keep { counter; }; }

            """

        /// In the layout of its mode iptables, beside an administrator's own rules and the kubelet's.
        private static func iptables(_ address: String) -> String {
            """
            *mangle
            :KUBE-KUBELET-CANARY - [0:0]
            :KUBE-PROXY-CANARY - [0:0]
            COMMIT
            *raw
            :OWN - [0:0]
            COMMIT
            *filter
            :KUBE-FIREWALL - [0:0]
            :KUBE-FORWARD - [0:0]
            :KUBE-SERVICES - [0:0]
            :KUBE-EXTERNAL-SERVICES - [0:0]
            :KUBE-PROXY-FIREWALL - [0:0]
            -A INPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL
            -A INPUT -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
            -A INPUT -j KUBE-FIREWALL
            -A INPUT -p tcp --dport 22 -j ACCEPT
            -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
            -A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
            COMMIT
            *nat
            :KUBE-SERVICES - [0:0]
            :KUBE-NODEPORTS - [0:0]
            :KUBE-POSTROUTING - [0:0]
            :KUBE-MARK-MASQ - [0:0]
            :KUBE-MARK-DROP - [0:0]
            :KUBE-SVC-AAAAAAAAAAAAAAAA - [0:0]
            :KUBE-SEP-BBBBBBBBBBBBBBBB - [0:0]
            :KUBE-EXT-AAAAAAAAAAAAAAAA - [0:0]
            -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 80
            -A OUTPUT -j KUBE-SERVICES
            -A POSTROUTING -j KUBE-POSTROUTING
            -A KUBE-SERVICES -d \(address) -p tcp -m tcp --dport 80 -j KUBE-SVC-AAAAAAAAAAAAAAAA
            -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
            -A KUBE-NODEPORTS -p tcp -m tcp --dport 30080 -j KUBE-EXT-AAAAAAAAAAAAAAAA
            -A KUBE-EXT-AAAAAAAAAAAAAAAA -j KUBE-MARK-MASQ
            -A KUBE-EXT-AAAAAAAAAAAAAAAA -j KUBE-SVC-AAAAAAAAAAAAAAAA
            -A KUBE-SVC-AAAAAAAAAAAAAAAA -m statistic --mode random --probability 0.5 -j KUBE-SEP-BBBBBBBBBBBBBBBB
            -A KUBE-SEP-BBBBBBBBBBBBBBBB -p tcp -m tcp -j DNAT --to-destination :80
            -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
            -A KUBE-POSTROUTING -j MASQUERADE --random-fully
            COMMIT

            """
        }

        private func node(_ network: TestNetwork, _ folder: ScratchFolder) async throws -> TestNamespace {
            let node = try network.addNamespace("node")
            let rules = try folder.write("kube-proxy.nft", Self.nftables)
            var commands = [["nft", "-f", rules]]
            for (tool, address) in [("iptables", "10.96.0.80/32"), ("ip6tables", "fd00:10:96::80/128")] {
                let file = try folder.write("\(tool).rules", Self.iptables(address))
                commands.append(["\(tool)-nft-restore", file])
            }
            // The kernel may have no dummy interfaces; the name is what counts.
            commands.append(["ip", "link", "add", "kube-ipvs0", "type", "veth", "peer", "name", "kube-peer"])
            commands.append(["ip", "address", "add", "10.96.0.80/32", "dev", "kube-ipvs0"])
            for command in commands {
                let output = try await node.run(command)
                try #require(output.status.isSuccess, "\(command): \(output)")
            }
            return node
        }

        @Test(arguments: [["cleanup", "--state-dir", ""], ["run", "--cleanup=true", "--state-dir", ""]])
        func `what kube-proxy left is removed, and nothing of others`(command: [String]) async throws {
            let network = TestNetwork()
            defer { network.close() }
            let folder = try ScratchFolder()
            let node = try await node(network, folder)
            let output = try await node.run([productPath("fairway")] + command)
            try #require(output.status.isSuccess, "\(output)")
            for line in [
                "removed nftables table ip kube-proxy (kube-proxy's)", "removed nftables table ip6 kube-proxy (kube-proxy's)",
                "removed 7 chains of the table ip nat (kube-proxy's)", "removed 4 chains of the table ip6 filter (kube-proxy's)",
                "removed 1 chains of the table ip mangle (kube-proxy's)", "removed interface kube-ipvs0 (kube-proxy's)",
            ] { #expect(output.standardOutput.contains(line), "\(line): \(output)") }

            let ruleset = try await node.run(["nft", "list", "ruleset"]).standardOutput
            for gone in ["KUBE-SERVICES", "KUBE-SVC", "KUBE-SEP", "KUBE-MARK-MASQ", "KUBE-PROXY", "table ip kube-proxy", "table ip6 kube-proxy"] {
                #expect(!ruleset.contains(gone), "\(gone) in \(ruleset)")
            }
            #expect(ruleset.contains("table ip mine"))
            for (tool, table, kept) in [
                ("iptables-nft", "nat", ["-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 80", "-N KUBE-MARK-DROP"]),
                ("ip6tables-nft", "filter", ["-A INPUT -j KUBE-FIREWALL", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", "-N KUBE-FIREWALL"]),
                ("iptables-nft", "mangle", ["-N KUBE-KUBELET-CANARY"]), ("iptables-nft", "raw", ["-N OWN"]),
            ] {
                let rules = try await node.run([tool, "-t", table, "-S"]).standardOutput
                for line in kept { #expect(rules.contains(line), "\(tool) \(table): \(rules)") }
            }
            let links = try await node.run(["ip", "link"]).standardOutput
            #expect(!links.contains("kube-ipvs0"))
            let again = try await node.run([productPath("fairway")] + command)
            #expect(again.standardOutput == "nothing to remove\n", "\(again)")
        }

        /// Sets of its mode ipvs, beside another's.
        private static let sets = """
            create KUBE-CLUSTER-IP hash:ip,port
            add KUBE-CLUSTER-IP 10.96.0.80,tcp:80
            create KUBE-6-CLUSTER-IP hash:ip,port family inet6
            create KUBE-NODE-PORT-TCP bitmap:port range 0-65535
            create KUBE-SRC-ABCDEF hash:ip

            """

        @Test(
            .enabled(if: Requirement.tool("iptables-legacy-restore"), "needs iptables-legacy-restore"),
            .enabled(if: Requirement.tool("ipset"), "needs ipset"),
            .enabled(
                if: Requirement.isMet(FileManager.default.fileExists(atPath: "/proc/net/ip_tables_names")),
                "needs a kernel with the tables of the old iptables (CONFIG_IP_NF_IPTABLES_LEGACY)"))
        func `what it left in tables of the old iptables and in sets goes too`() async throws {
            let network = TestNetwork()
            defer { network.close() }
            let folder = try ScratchFolder()
            let node = try network.addNamespace("node")
            let setting = try await node.run(["ipset", "restore"], input: Self.sets)
            try #require(setting.status.isSuccess, "\(setting)")
            for (tool, address) in [("iptables", "10.96.0.80/32"), ("ip6tables", "fd00:10:96::80/128")] {
                let file = try folder.write("\(tool).rules", Self.iptables(address))
                let output = try await node.run(["\(tool)-legacy-restore", file])
                try #require(output.status.isSuccess, "\(output)")
            }
            // A set that a rule names cannot go before the rule.
            let using = try await node.run([
                "iptables-legacy", "-t", "nat", "-A", "KUBE-SERVICES", "-m", "set", "--match-set", "KUBE-CLUSTER-IP",
                "dst,dst", "-j", "KUBE-MARK-MASQ",
            ])
            try #require(using.status.isSuccess, "\(using)")
            let command = try [productPath("fairway"), "cleanup", "--state-dir", "", "--kube-proxy-only"]
            let output = try await node.run(command)
            try #require(output.status.isSuccess, "\(output)")
            for line in [
                "removed 7 chains of the iptables-legacy table nat (kube-proxy's)",
                "removed 4 chains of the ip6tables-legacy table filter (kube-proxy's)",
                "removed 1 chains of the iptables-legacy table mangle (kube-proxy's)", "removed 3 sets of ipset (kube-proxy's)",
            ] { #expect(output.standardOutput.contains(line), "\(line): \(output)") }
            #expect(output.standardError.isEmpty, "\(output)")

            for (tool, table, kept) in [
                ("iptables-legacy", "nat", ["-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 80", "-N KUBE-MARK-DROP"]),
                ("ip6tables-legacy", "filter", ["-A INPUT -j KUBE-FIREWALL", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"]),
                ("iptables-legacy", "mangle", ["-N KUBE-KUBELET-CANARY"]),
            ] {
                let rules = try await node.run([tool, "-t", table, "-S"]).standardOutput
                for line in kept { #expect(rules.contains(line), "\(tool) \(table): \(rules)") }
                for gone in ["KUBE-SERVICES", "KUBE-SVC", "KUBE-PROXY", "KUBE-FORWARD"] {
                    #expect(!rules.contains(gone), "\(tool) \(table): \(rules)")
                }
            }
            let sets = try await node.run(["ipset", "list", "-n"]).standardOutput
            #expect(sets == "KUBE-SRC-ABCDEF\n")
            let again = try await node.run(command)
            #expect(again.standardOutput == "nothing to remove\n", "\(again)")
        }

        @Test(
            .enabled(
                // CI's kernel need not have it.
                if: FileManager.default.fileExists(atPath: "/proc/net/ip_vs"),
                "needs a kernel with IPVS (CONFIG_IP_VS); KubeProxyToolRemainsTests has it over recorded texts"),
            .enabled(if: Requirement.tool("ipvsadm"), "needs ipvsadm"))
        func `its virtual servers go, and those of others stay`() async throws {
            let network = TestNetwork()
            defer { network.close() }
            let node = try network.addNamespace("node")
            for command in [
                ["ip", "link", "add", "kube-ipvs0", "type", "veth", "peer", "name", "kube-peer"],
                ["ip", "address", "add", "10.96.0.80/32", "dev", "kube-ipvs0"],
                ["ipvsadm", "-A", "-t", "10.96.0.80:80", "-s", "rr"], ["ipvsadm", "-A", "-t", "192.0.2.9:80", "-s", "rr"],
            ] {
                let output = try await node.run(command)
                try #require(output.status.isSuccess, "\(command): \(output)")
            }
            let output = try await node.run([productPath("fairway"), "cleanup", "--state-dir", "", "--kube-proxy-only"])
            #expect(output.standardOutput.contains("removed 1 virtual servers of IPVS (kube-proxy's)"), "\(output)")
            let left = try await node.run(["ipvsadm", "-Sn"]).standardOutput
            #expect(left == "-A -t 192.0.2.9:80 -s rr\n")
        }

        @Test func `a start removes nothing of it and warns`() async throws {
            let network = TestNetwork()
            defer { network.close() }
            let folder = try ScratchFolder()
            let node = try await node(network, folder)
            let manifests = try folder.write("manifests/none.yaml", "")
            let daemon = try node.start([
                productPath("fairway"), "run", "--manifests", manifests, "--state-dir", "", "--admin-socket",
                "\(folder.path)/admin.sock", "--healthz-bind-address", "", "--metrics-bind-address", "",
            ])
            for name in ["other-proxy-ip-nftables", "other-proxy-ip6-iptables", "other-proxy-ipvs"] {
                let line = try await daemon.waitForLine(containing: "warning=\(name)")
                #expect(line.contains("fairway cleanup"), "\(line)")
            }
            try await daemon.waitForLine(containing: "IPv4 compared")
            daemon.terminate()
            _ = try await daemon.waitForExit()
            let ruleset = try await node.run(["nft", "list", "ruleset"]).standardOutput
            #expect(ruleset.contains("table ip kube-proxy") && ruleset.contains("KUBE-SVC-AAAAAAAAAAAAAAAA"))
        }
    }
}
