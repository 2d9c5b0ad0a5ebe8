/// Options of `--proxy-mode userspace`.
package struct UserspaceSettings: Sendable, Hashable {
    /// Where frontends are served.
    package enum Binding: String, Sendable, Hashable, CaseIterable {
        /// Packets to frontends are redirected by netfilter; needs CAP_NET_ADMIN.
        case redirect
        /// Frontends' own addresses are bound where the node has them, ClusterIPs on the loopback; needs no privilege.
        case loopback
    }

    package var binding = Binding.redirect
    package var marks = RedirectionMarks()
    package var routes = RedirectionRoutes()

    package init() {}
}

/// Bits of the packet mark that the redirection uses; all others are left as they are.
///
/// 0x20 and 0x40 are nobody's: kube-proxy and flannel have 0x4000, portmap 0x2000, Cilium 0xf00 and the upper half, Calico
/// the upper half, Tailscale 0xff0000, the CNI of AWS 0x80, and people who number marks begin at 1.
package struct RedirectionMarks: Sendable, Hashable {
    /// On the relay's own sockets: what they send is left alone.
    package var own: UInt32 = 0x20
    /// On packets for the relay, so that routing brings them to this host.
    package var divert: UInt32 = 0x40

    package init() {}
}

/// The routing table in which every address is this host's own, for packets with the `divert` mark.
package struct RedirectionRoutes: Sendable, Hashable {
    /// Any number that is in nobody's way: 253 to 255 are the kernel's; 52, 100, 133, 2004 and 51820 are used by others.
    package var table: UInt32 = 26209
    /// Before the main table (32766), and before rules of CNIs that look at addresses (from 512 on).
    package var rulePriority: UInt32 = 60

    package init() {}
}
