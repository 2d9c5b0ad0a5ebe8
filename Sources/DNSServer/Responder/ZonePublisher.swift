package import ClusterZone
internal import Synchronization

/// The snapshot in force: one writer publishes, threads that answer look once a batch.
package final class ZonePublisher: Sendable {
    private let current: Mutex<ClusterZone>
    private let latest = Atomic<UInt64>(0)

    package init(_ zone: ClusterZone) { current = Mutex(zone) }

    package func publish(_ zone: ClusterZone) {
        // The old snapshot is let go after the lock: it may free memory.
        let old = current.withLock { current in
            let old = current
            current = zone
            return old
        }
        latest.add(1, ordering: .releasing)
        withExtendedLifetime(old) {}
    }

    /// The snapshot in force now.
    package var zone: ClusterZone { current.withLock { $0 } }

    /// Grows with every snapshot: cheap to look at.
    package var generation: UInt64 { latest.load(ordering: .acquiring) }
}
