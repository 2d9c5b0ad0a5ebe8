import Glibc
internal import NetworkTypes

extension Socket {
    /// Lets it have any address, also those that are not this host's (IP_TRANSPARENT, ip(7)); needs CAP_NET_ADMIN.
    package func setTransparent() throws(Errno) {
        // IPV6_TRANSPARENT, linux/in6.h.
        if family == .ipv4 { try set(Int32(IPPROTO_IP), IP_TRANSPARENT, 1) } else { try set(Int32(IPPROTO_IPV6), 75, 1) }
    }
}
