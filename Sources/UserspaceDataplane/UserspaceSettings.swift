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

    package init() {}
}
