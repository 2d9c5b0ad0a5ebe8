package import ClusterZone
internal import Synchronization

/// The node's pods in force: one writer publishes, threads that answer look at the generation with each name that does
/// not exist, so that a pod that has ended is forgotten at once.
package final class LocalPodPublisher: Sendable {
    private let current = Mutex(LocalPods())
    private let latest = Atomic<UInt64>(0)

    package init() {}

    package func publish(_ pods: LocalPods) {
        current.withLock { $0 = pods }
        latest.add(1, ordering: .releasing)
    }

    package var pods: LocalPods { current.withLock { $0 } }

    /// Grows with every table: cheap to look at.
    package var generation: UInt64 { latest.load(ordering: .acquiring) }
}

/// Options name a publisher; two are the same only when they are one.
extension LocalPodPublisher: Hashable {
    package static func == (a: LocalPodPublisher, b: LocalPodPublisher) -> Bool { a === b }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
