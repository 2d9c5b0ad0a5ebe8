package import LinuxSystem
package import ServiceTable

/// What whoever runs the dataplane should tell people.
package enum UserspaceNotice: Sendable, Hashable, CustomStringConvertible {
    /// A frontend could not be bound at its own address; the rest is served.
    case unbound(FrontendKey, at: SocketAddress, Errno)

    package var description: String {
        switch self {
        case .unbound(let frontend, let place, let errno):
            let advice =
                errno == .permissionDenied && place.port < 1024
                ? "; ports below 1024 need CAP_NET_BIND_SERVICE, or a smaller net.ipv4.ip_unprivileged_port_start" : ""
            return "\(frontend) is not served at \(place): \(errno)\(advice)"
        }
    }
}
