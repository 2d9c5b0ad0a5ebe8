/// Session affinity of a service: a client comes back to the backend it had.
package struct RelayAffinity: Sendable {
    package let memory: ClientMemory
    /// Since the client's last connection.
    package let timeout: Duration
    /// Several services remember together: an endpoint counts as the same behind each, whatever its port.
    package let isShared: Bool

    package init(_ memory: ClientMemory, timeout: Duration, isShared: Bool = false) {
        self.memory = memory
        self.timeout = timeout
        self.isShared = isShared
    }
}
