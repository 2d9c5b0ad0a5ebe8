/// What kube-proxy calls its modes, and what carries Services here in their place.
package struct KubeProxyMode: Sendable, Hashable {
    /// Part of the configuration that speaks of the mode.
    package enum Section: String, Sendable { case iptables, ipvs, nftables }

    /// As it was written.
    package let name: String

    package init(_ name: String) { self.name = name }

    /// Fairway's mode.
    package var carrier: String {
        switch name {
        case "", "iptables": "nftables"
        case "ipvs": "ebpf"
        default: name
        }
    }

    /// kube-proxy takes iptables when nothing is said.
    package var section: Section {
        switch name {
        case "", "iptables": .iptables
        case "ipvs": .ipvs
        default: .nftables
        }
    }

    /// What the operator should know, nil when the mode is one of Fairway's.
    package var warning: String? {
        switch name {
        case "iptables":
            "mode iptables is not Fairway's: nftables carries Services; set the mode to nftables"
        case "ipvs":
            "mode ipvs is not Fairway's: ebpf carries Services, with the schedulers of IPVS; set the mode to ebpf"
        default: nil
        }
    }
}
