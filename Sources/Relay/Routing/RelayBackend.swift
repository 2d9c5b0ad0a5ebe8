package import LinuxSystem
internal import Synchronization

/// A place that a service's connections are relayed to, shared by all workers. It belongs to one service; the same pod
/// behind two has two. Its counts live as long as it is known to its service or has connections.
package final class RelayBackend: Sendable {
    package let address: SocketAddress
    package let traffic = RelayTraffic()
    private let connections = Atomic<Int>(0)
    private let gone = Atomic<Bool>(false)
    /// Attempts that failed since the last that did not; counted where backends may rest.
    let failuresInRow = Atomic<Int>(0)

    package init(_ address: SocketAddress) { self.address = address }

    /// Connections and sessions that hold it now, those that are still connecting among them.
    package var active: Int { connections.load(ordering: .relaxed) }

    /// The service has it no more: no new connection comes, and those it has are to end within the service's grace.
    package var isGone: Bool { gone.load(ordering: .acquiring) }

    package func markGone() { gone.store(true, ordering: .releasing) }

    /// Back before its connections had ended.
    package func markPresent() { gone.store(false, ordering: .releasing) }

    /// Counts one more; whoever calls it calls `release` once.
    package func hold() { connections.wrappingAdd(1, ordering: .relaxed) }

    package func release() {
        let left = connections.wrappingSubtract(1, ordering: .relaxed).newValue
        precondition(left >= 0, "a backend was released more often than it was held")
    }
}
