import Measuring

/// How a connection reaches its server.
enum Way: String, CaseIterable {
    /// To the pod's own address.
    case direct
    /// `--proxy-mode ebpf`, the client in the cgroup of the socket programs.
    case ebpf
    /// `--proxy-mode ebpf`, the client outside of it: every packet is translated.
    case ebpfPackets = "ebpf-packets"
    case nftables
    /// `--proxy-mode userspace`, at the ClusterIP: connections come in through redirection.
    case userspace
    /// `--proxy-mode userspace --userspace-bind loopback`, at a NodePort that the relay is bound to, as the proxies are.
    case userspaceBound = "userspace-bound"
    /// In TCP mode, at an address of the node.
    case haproxy
    /// Its stream module, at the same address.
    case nginx

    /// The mode that fairway runs in; nil: it does not.
    var proxyMode: String? {
        switch self {
        case .direct, .haproxy, .nginx: nil
        case .ebpf, .ebpfPackets: "ebpf"
        case .nftables: rawValue
        case .userspace, .userspaceBound: "userspace"
        }
    }

    /// A process takes the client's connection and opens one of its own.
    var isRelay: Bool { [.userspace, .userspaceBound, .haproxy, .nginx].contains(self) }

    /// Of a comma-separated list.
    static func list(_ names: String) throws -> [Way] {
        try names.split(separator: ",").map { name in
            guard let way = Way(rawValue: String(name)) else {
                throw MeasurementError(
                    description: "--ways \(name): expected some of \(allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return way
        }
    }
}
