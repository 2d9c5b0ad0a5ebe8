/// How a connection reaches its server.
enum Way: String, CaseIterable {
    /// To the pod's own address.
    case direct
    /// `--proxy-mode ebpf`, the client in the cgroup of the socket programs.
    case ebpf
    /// `--proxy-mode ebpf`, the client outside of it: every packet is translated.
    case ebpfPackets = "ebpf-packets"
    case nftables
    case userspace
    case haproxy

    /// The mode that fairway runs in; nil: it does not.
    var proxyMode: String? {
        switch self {
        case .direct, .haproxy: nil
        case .ebpf, .ebpfPackets: "ebpf"
        case .nftables, .userspace: rawValue
        }
    }
}
