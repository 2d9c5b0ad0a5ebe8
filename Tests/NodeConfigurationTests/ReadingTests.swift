import ManifestSource
import NodeConfiguration
import Testing

/// The beginning of every file of these tests.
let kubeProxyHead = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
let fairwayHead = "apiVersion: fairway.dev/v1alpha1\nkind: FairwayConfiguration\n"

func document(_ text: String, path: String = "node.yaml") throws(ConfigurationFaults) -> ConfigurationDocument {
    let document = try ConfigurationDocument(Array(text.utf8), path: path)
    try document.validate()
    return document
}

func faults(_ text: String) -> [String] {
    do throws(ConfigurationFaults) {
        _ = try document(text)
        return []
    } catch {
        return error.faults.map(\.description)
    }
}

struct ReadingTests {
    @Test func `an empty configuration has every default of kube-proxy`() throws {
        let read = try document(kubeProxyHead)
        let expected: [(String, ConfigurationValue)] = [
            ("clientConnection.contentType", "application/vnd.kubernetes.protobuf"), ("clientConnection.qps", 5.0),
            ("clientConnection.burst", 10), ("logging.format", "text"), ("bindAddress", "0.0.0.0"),
            ("healthzBindAddress", "0.0.0.0:10256"), ("metricsBindAddress", "127.0.0.1:10249"), ("mode", ""),
            ("iptables.masqueradeBit", 14), ("iptables.localhostNodePorts", true), ("iptables.syncPeriod", "30s"),
            ("iptables.minSyncPeriod", "1s"), ("ipvs.minSyncPeriod", "0s"), ("nftables.masqueradeBit", 14),
            ("oomScoreAdj", -999), ("conntrack.maxPerCore", 32768), ("conntrack.min", 131072),
            ("conntrack.tcpEstablishedTimeout", "24h0m0s"), ("conntrack.tcpCloseWaitTimeout", "1h0m0s"),
            ("configSyncPeriod", "15m0s"), ("nodePortAddresses", []), ("windowsRunAsService", false),
        ]
        for (field, value) in expected { #expect(read[field] == value, "\(field)") }
        #expect(read.values.isEmpty)
    }

    /// As kubeadm writes it into its ConfigMap: zeros, empty texts and nulls stand for defaults.
    @Test func `the configuration of kubeadm is taken as it is`() throws {
        let read = try document(Samples.kubeadm)
        #expect(read.strayFields == [])
        #expect(read["iptables.syncPeriod"] == "30s")
        #expect(read["iptables.minSyncPeriod"] == "1s")
        #expect(read["clientConnection.burst"] == 10)
        #expect(read["clientConnection.kubeconfig"] == "/var/lib/kube-proxy/kubeconfig.conf")
        #expect(read["conntrack.maxPerCore"] == 32768)
        #expect(read["clusterCIDR"] == "10.244.0.0/16")
    }

    @Test func `JSON says the same as YAML`() throws {
        let yaml = try document(kubeProxyHead + "mode: nftables\nconntrack:\n  min: 7\nnodePortAddresses: [10.0.0.0/8]\n")
        let json = try document(
            #"{"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "nftables","#
                + #" "conntrack": {"min": 7}, "nodePortAddresses": ["10.0.0.0/8"]}"#)
        #expect(yaml.values == json.values)
    }

    @Test(arguments: [
        ("mod: nftables\n", "line 3: unknown field \"mod\""),
        ("Mode: nftables\n", "line 3: unknown field \"Mode\" (mode is one)"),
        ("mode: ipvs\nmode: nftables\n", "line 4: field \"mode\" is given twice, the last holds"),
        ("ipvs:\n  schedule: rr\n", "line 4: unknown field \"ipvs.schedule\""),
        ("conntrack:\n  min: 5\nconntrack:\n  min: 6\n", "line 5: field \"conntrack\" is given twice, the last holds"),
    ])
    func `an unknown field and one given twice are passed over with a warning`(text: String, stray: String) throws {
        let read = try document(kubeProxyHead + text)
        #expect(read.strayFields == [stray])
        let warning = try #require(read.strayWarning)
        #expect(warning.hasPrefix("node.yaml: ") && warning.contains(stray), "\(warning)")
    }

    @Test func `the last of two holds`() throws {
        let read = try document(kubeProxyHead + "mode: ipvs\nmode: nftables\n")
        #expect(read["mode"] == "nftables")
    }

    @Test(arguments: [
        ("mode: 5\n", "node.yaml:3:7: mode: expected a string, found a number"),
        ("iptables:\n  masqueradeBit: many\n", "node.yaml:4:18: iptables.masqueradeBit: expected a whole number, found a string"),
        ("oomScoreAdj: 1.5\n", "node.yaml:3:14: oomScoreAdj: Invalid value: 1.5: must be a whole number from -2147483648 to 2147483647"),
        ("iptables:\n  syncPeriod: 30\n", "node.yaml:4:15: iptables.syncPeriod: expected a duration as a string, such as 30s or 1h30m, found a number"),
        ("iptables:\n  syncPeriod: often\n", "node.yaml:4:15: iptables.syncPeriod: Invalid value: \"often\": must be a duration, such as 30s or 1h30m"),
        ("iptables: yes\n", "node.yaml:3:11: iptables: expected a map of fields, found a boolean"),
        ("nodePortAddresses: primary\n", "node.yaml:3:20: nodePortAddresses: expected a list of strings, found a string"),
        ("nodePortAddresses: [primary, 5]\n", "node.yaml:3:30: nodePortAddresses[1]: expected a string, found a number"),
        ("featureGates: {A: on, B: maybe}\n", "node.yaml:3:26: featureGates.B: expected a boolean, found a string"),
        ("mode: [nftables\n", "node.yaml:4:1: did not find expected ',' or ']', while parsing a flow sequence that begins at line 3"),
    ])
    func `a value of the wrong kind is told with its place`(text: String, fault: String) {
        #expect(faults(kubeProxyHead + text) == [fault])
    }

    @Test(arguments: [
        ("", "node.yaml: the file is empty"), ("- a\n", "node.yaml:1:1: a configuration must be a map of fields, found a list"),
        ("mode: nftables\n", "kind: Required value: expected KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1) or FairwayConfiguration"),
        ("apiVersion: v1\nkind: Service\n", "node.yaml:2:7: kind \"Service\" (v1): expected"),
        ("apiVersion: kubeproxy.config.k8s.io/v1\nkind: KubeProxyConfiguration\n", "node.yaml:1:13: apiVersion \"kubeproxy.config.k8s.io/v1\": a KubeProxyConfiguration is read in version"),
        (kubeProxyHead + "---\n" + kubeProxyHead, "a second document begins here"),
    ])
    func `what is no configuration is told`(text: String, part: String) throws {
        let found = faults(text)
        #expect(found.count == 1)
        #expect(try #require(found.first).contains(part), "\(found)")
    }

    @Test func `every fault is told at once, in the order of the file`() {
        let found = faults(kubeProxyHead + "oomScoreAdj: 2000\nmode: magic\nclusterCIDR: 10.0.0.0\n")
        #expect(found.map { $0.split(separator: ":")[1] } == ["3", "4", "5"])
    }
}
