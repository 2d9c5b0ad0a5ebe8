import NodeConfiguration
import Testing

struct ValidationTests {
    @Test(arguments: [
        ("mode: magic\n", "3:7: mode: Invalid value: \"magic\": must be"),
        ("iptables: {masqueradeBit: 32}\n", "iptables.masqueradeBit: Invalid value: 32: must be within the range [0, 31]"),
        ("nftables: {masqueradeBit: -1}\n", "nftables.masqueradeBit: Invalid value: -1: must be within the range [0, 31]"),
        ("iptables: {syncPeriod: -5s}\n", "iptables.syncPeriod: Invalid value: -5s: must be greater than 0"),
        ("nftables: {syncPeriod: 5s, minSyncPeriod: 10s}\n", "nftables.syncPeriod: Invalid value: 5s: nftables.syncPeriod must be greater than or equal to nftables.minSyncPeriod"),
        ("nftables: {minSyncPeriod: 1m}\n", "nftables.minSyncPeriod: Invalid value: 1m0s"),
        ("ipvs: {minSyncPeriod: -1s}\n", "ipvs.minSyncPeriod: Invalid value: -1s: must be greater than or equal to 0"),
        ("configSyncPeriod: -1m\n", "configSyncPeriod: Invalid value"),
        ("oomScoreAdj: -1001\n", "oomScoreAdj: Invalid value: -1001: must be within the range [-1000, 1000]"),
        ("conntrack: {maxPerCore: -1}\n", "conntrack.maxPerCore: Invalid value: -1: must be greater than or equal to 0"),
        ("conntrack: {udpTimeout: -1s}\n", "conntrack.udpTimeout: Invalid value: -1s"),
        ("clientConnection: {burst: -1}\n", "clientConnection.burst: Invalid value: -1"),
        ("bindAddress: here\n", "bindAddress: Invalid value: \"here\": must be an IP address"),
        ("healthzBindAddress: 0.0.0.0:70000\n", "healthzBindAddress: Invalid value: \"0.0.0.0:70000\""),
        ("metricsBindAddress: localhost:10249\n", "metricsBindAddress: Invalid value"),
        ("metricsBindAddress: \"::1:x\"\n", "metricsBindAddress: Invalid value"),
        ("nodePortAddresses: [primary, 10.0.0.0/8]\n", "primary cannot be combined with CIDRs"),
        ("nodePortAddresses: [10.0.0.1]\n", "nodePortAddresses: [0]: Invalid value: \"10.0.0.1\": must be a CIDR"),
        ("clusterCIDR: 10.0.0.0/8,11.0.0.0/8\n", "clusterCIDR: Invalid value: \"10.0.0.0/8,11.0.0.0/8\": must be one CIDR, or one of each family"),
        ("clusterCIDR: 10.0.0.0/8,fd00::/64,fd01::/64\n", "must be one CIDR, or one of each family"),
        ("clusterCIDR: 10.0.0.0\n", "clusterCIDR: Invalid value: \"10.0.0.0\": must be a CIDR"),
        ("detectLocalMode: Guess\n", "detectLocalMode: Invalid value: \"Guess\""),
        ("detectLocalMode: BridgeInterface\n", "3:18: detectLocalMode: BridgeInterface needs detectLocal.bridgeInterface"),
        ("detectLocal: {interfaceNamePrefix: a-very-long-name}\n", "names of interfaces have at most 15 bytes"),
        ("ipvs: {excludeCIDRs: [nowhere]}\n", "ipvs.excludeCIDRs: [0]: Invalid value"),
    ])
    func `what kube-proxy refuses is refused with its place`(text: String, part: String) throws {
        let found = faults(kubeProxyHead + text)
        #expect(found.count == 1, "\(found)")
        #expect(try #require(found.first).contains(part), "\(found)")
        #expect(found.first?.hasPrefix("node.yaml:3:") == true, "\(found)")
    }

    @Test(arguments: [
        "mode: ipvs\n", "mode: userspace\n", "bindAddress: \"::\"\n", "healthzBindAddress: \"[::]:10256\"\n",
        "healthzBindAddress: 10.0.0.1\n", "healthzBindAddress: \"::1\"\n", "metricsBindAddress: 127.0.0.1:0\n", "nodePortAddresses: [primary]\n",
        "nodePortAddresses: [primary, localhost]\n", "nodePortAddresses: [0.0.0.0/0, \"::/0\"]\n",
        "clusterCIDR: 10.0.0.0/8,fd00::/64\n", "detectLocalMode: NodeCIDR\n",
        "detectLocalMode: BridgeInterface\ndetectLocal: {bridgeInterface: cni0}\n", "oomScoreAdj: -1000\n",
        "clientConnection: {qps: -1}\n", "iptables: {masqueradeBit: 0}\n", "conntrack: {maxPerCore: 0}\n",
    ])
    func `what kube-proxy takes is taken`(text: String) {
        #expect(faults(kubeProxyHead + text) == [])
    }
}
