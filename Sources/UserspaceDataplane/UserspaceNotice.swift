package import LinuxSystem
package import ServiceTable

/// What whoever runs the dataplane should tell people.
package enum UserspaceNotice: Sendable, Hashable {
    /// A frontend could not be bound at its own address; the rest is served.
    case unbound(FrontendKey, at: SocketAddress, Errno)
}
