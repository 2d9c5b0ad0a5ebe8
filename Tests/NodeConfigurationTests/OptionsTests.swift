import NodeConfiguration
import Testing

struct OptionsTests {
    private func options(_ text: String, head: String = kubeProxyHead) throws -> ConfigurationOptions {
        ConfigurationOptions(try document(head + text))
    }

    /// Those that every KubeProxyConfiguration brings with it.
    private static let always: Set<String> = [
        "--proxy-mode=nftables", "--oom-score-adj=-999", "--nodeport-addresses=0.0.0.0/0,::/0",
    ]

    @Test(arguments: [
        ("clusterCIDR: 10.244.0.0/16,fd00::/64\n", "--cluster-cidr=10.244.0.0/16,fd00::/64"),
        ("hostnameOverride: Node-A\n", "--hostname-override=Node-A"), ("bindAddress: 10.0.0.1\n", "--bind-address=10.0.0.1"),
        ("iptables: {masqueradeAll: true}\n", "--masquerade-all"),
        ("iptables: {syncPeriod: 2m}\n", "--iptables-sync-period=2m0s"),
        ("iptables: {minSyncPeriod: 5s}\n", "--iptables-min-sync-period=5s"),
        ("clientConnection: {kubeconfig: /etc/k, qps: 7.5, burst: 20, contentType: application/json}\n", "--kube-api-qps=7.5"),
        ("clientConnection: {kubeconfig: /etc/k}\n", "--kubeconfig=/etc/k"),
        ("conntrack: {tcpEstablishedTimeout: 2h, tcpBeLiberal: true}\n", "--conntrack-tcp-timeout-established=2h0m0s"),
        ("conntrack: {tcpBeLiberal: true}\n", "--conntrack-tcp-be-liberal"),
        ("conntrack: {maxPerCore: 0}\n", "--conntrack-max-per-core=0"),
        ("detectLocalMode: InterfaceNamePrefix\ndetectLocal: {interfaceNamePrefix: veth}\n", "--pod-interface-name-prefix=veth"),
        ("logging: {verbosity: 4}\n", "--verbosity=4"), ("metricsBindAddress: 0.0.0.0:1\n", "--metrics-bind-address=0.0.0.0:1"),
    ])
    func `a field becomes the flag of kube-proxy`(text: String, argument: String) throws {
        let options = try options(text)
        #expect(options.arguments.contains(argument), "\(options.arguments)")
        #expect(options.warnings == [])
    }

    @Test func `nothing is said beyond the defaults`() throws {
        #expect(Set(try options("").arguments) == Self.always)
        // What is written and is the default brings nothing else.
        #expect(Set(try options("mode: \"\"\niptables: {syncPeriod: 30s}\nclusterCIDR: \"\"\n").arguments) == Self.always)
    }

    @Test func `only the section of the mode is in force`() throws {
        let text = """
            mode: MODE
            iptables: {masqueradeAll: true, minSyncPeriod: 2s}
            nftables: {masqueradeAll: false, minSyncPeriod: 3s}
            ipvs: {scheduler: lc, minSyncPeriod: 4s}

            """
        func arguments(_ mode: String) throws -> Set<String> { Set(try options(text.replacing("MODE", with: mode)).arguments) }
        #expect(try arguments("iptables").isSuperset(of: ["--masquerade-all", "--iptables-min-sync-period=2s", "--proxy-mode=iptables"]))
        let nftables = try arguments("nftables")
        #expect(nftables == ["--proxy-mode=nftables", "--oom-score-adj=-999", "--iptables-min-sync-period=3s"])
        let ipvs = try arguments("ipvs")
        #expect(ipvs.isSuperset(of: ["--proxy-mode=ipvs", "--ipvs-scheduler=lc", "--ipvs-min-sync-period=4s"]))
        #expect(!ipvs.contains("--masquerade-all"))
    }

    @Test(arguments: [
        ("mode: nftables\n", nil), ("mode: nftables\nnodePortAddresses: [10.0.0.0/8, 11.0.0.0/8]\n", "10.0.0.0/8,11.0.0.0/8"),
        ("mode: ipvs\n", "0.0.0.0/0,::/0"), ("iptables: {localhostNodePorts: true}\n", "0.0.0.0/0,::/0,localhost"),
        ("iptables: {localhostNodePorts: false}\n", "0.0.0.0/0,::/0"),
        ("nodePortAddresses: [primary]\niptables: {localhostNodePorts: true}\n", "primary,localhost"),
    ] as [(String, String?)])
    func `NodePorts are where kube-proxy would have them`(text: String, addresses: String?) throws {
        let found = try options(text).arguments.filter { $0.hasPrefix("--nodeport-addresses=") }
        #expect(found == (addresses.map { ["--nodeport-addresses=\($0)"] } ?? []))
    }

    @Test func `IPVS balances as it does when nobody says how`() throws {
        #expect(try options("mode: ipvs\n").arguments.contains("--ipvs-scheduler=rr"))
        #expect(try options("mode: nftables\n").arguments.contains { $0.hasPrefix("--ipvs") } == false)
    }

    @Test func `without a cluster CIDR the Node's tell pods from others`() throws {
        let options = try options("detectLocalMode: ClusterCIDR\n")
        #expect(!options.arguments.contains { $0.hasPrefix("--detect-local-mode") })
        #expect(options.warnings.count == 1)
        #expect(try self.options("detectLocalMode: ClusterCIDR\nclusterCIDR: 10.0.0.0/8\n").arguments.contains("--detect-local-mode=ClusterCIDR"))
    }

    @Test func `with a node address of IPv6 pages answer at IPv6`() throws {
        let found = Set(try options("bindAddress: \"::\"\n").arguments)
        #expect(found.isSuperset(of: ["--healthz-bind-address=[::]:10256", "--metrics-bind-address=[::1]:10249"]))
    }

    @Test(arguments: [
        ("featureGates: {A: true}\n", "featureGates"), ("iptables: {masqueradeBit: 3}\n", "iptables.masqueradeBit"),
        ("winkernel: {networkName: x}\n", "winkernel.networkName"), ("portRange: 1-2\n", "portRange"),
        ("enableProfiling: true\n", "enableProfiling"), ("configSyncPeriod: 1m\n", "configSyncPeriod"),
        ("bindAddressHardFail: true\n", "bindAddressHardFail"), ("windowsRunAsService: true\n", "windowsRunAsService"),
        ("showHiddenMetricsForVersion: \"1.35\"\n", "showHiddenMetricsForVersion"),
        ("logging: {format: json}\n", "logging.format"), ("logging: {vmodule: [{filePattern: a, verbosity: 3}]}\n", "logging.vmodule"),
        ("clientConnection: {acceptContentTypes: application/json}\n", "clientConnection.acceptContentTypes"),
        ("mode: ipvs\nipvs: {strictARP: true}\n", "ipvs.strictARP"),
        ("mode: ipvs\nipvs: {excludeCIDRs: [10.0.0.0/8]}\n", "ipvs.excludeCIDRs"),
        ("mode: ipvs\nipvs: {tcpTimeout: 5m}\n", "ipvs.tcpTimeout"),
    ])
    func `a field without a meaning here is one warning`(text: String, field: String) throws {
        let options = try options(text)
        #expect(options.warnings.count == 1, "\(options.warnings)")
        #expect(options.warnings.first?.hasPrefix("node.yaml: \(field) ") == true, "\(options.warnings)")
    }

    @Test func `and none when it is as it would be anyway`() throws {
        #expect(try options(Samples.kubeadm, head: "").warnings == [])
        #expect(try options("iptables: {masqueradeBit: 14}\nenableProfiling: false\nportRange: \"\"\n").warnings == [])
    }

    @Test func `fields of a FairwayConfiguration are the flags`() throws {
        let options = try options(
            """
            manifests: [/etc/a, /etc/b]
            proxyMode: ebpf
            clusterCidr: [10.244.0.0/16, "fd00::/64"]
            nodeportAddresses: primary,localhost
            dnsTtl: 5
            dnsAutopath: true
            fullSyncPeriod: 2h
            closeStaleConnections: false

            """, head: fairwayHead)
        #expect(
            Set(options.arguments) == [
                "--manifests=/etc/a", "--manifests=/etc/b", "--proxy-mode=ebpf", "--cluster-cidr=10.244.0.0/16,fd00::/64",
                "--nodeport-addresses=primary,localhost", "--dns-ttl=5", "--dns-autopath", "--full-sync-period=2h0m0s",
            ])
        #expect(options.field(ofFlag: "dns-ttl") == "dnsTtl")
        #expect(try document(fairwayHead + "clusterCIDR: 10.0.0.0/8\n").strayFields == ["line 3: unknown field \"clusterCIDR\" (clusterCidr is one)"])
    }

    @Test func `changes are told by field, with what can take effect at once`() throws {
        let old = try options("clusterCIDR: 10.0.0.0/8\nmode: nftables\nconntrack: {min: 5}\n")
        let new = try options("clusterCIDR: 11.0.0.0/8\nmode: ebpf\nmetricsBindAddress: 0.0.0.0:1\n")
        let changes = ConfigurationChange.all(from: old, to: new)
        let live = Dictionary(changes.map { ($0.field, $0.isLive) }, uniquingKeysWith: { $1 })
        #expect(live == ["clusterCIDR": true, "mode": false, "metricsBindAddress": false, "conntrack.min": true])
        #expect(changes.first { $0.field == "clusterCIDR" }?.old == "10.0.0.0/8")
        #expect(ConfigurationChange.all(from: old, to: old) == [])
    }
}

struct PacingTests {
    @Test(arguments: ["", "mode: nftables\n", "nftables: {syncPeriod: 30s, minSyncPeriod: 1s}\nmode: nftables\n", "mode: ipvs\n"])
    func `kube-proxy's default periods stand for Fairway's own`(text: String) throws {
        let arguments = ConfigurationOptions(try document(kubeProxyHead + text)).arguments
        #expect(!arguments.contains { $0.contains("sync-period") }, "\(arguments)")
    }
}
