package import FoundationEssentials
package import NetworkTypes
import Synchronization

/// Whether the rules keep up with the changes, per IP family.
///
/// Healthy means what kube-proxy's health server means by it: no change has waited longer than the
/// timeout for a completed sync. Ready is stricter: the first sync of every family is in the kernel and
/// the last one did not fail, so that no traffic is sent to a node whose rules do not exist yet
/// (kubernetes/kubernetes issue 57109).
package final class HealthState: Sendable {
    /// A point in time on both clocks: one to measure with, one to print.
    package struct Moment: Sendable {
        package var monotonic: ContinuousClock.Instant
        package var wall: Date

        package init(monotonic: ContinuousClock.Instant, wall: Date) {
            self.monotonic = monotonic
            self.wall = wall
        }

        package static func now() -> Moment {
            Moment(monotonic: .now, wall: Date())
        }
    }

    private struct Family {
        var lastQueued: Moment?
        /// The first change that no completed sync has followed.
        var oldestPending: Moment?
        var lastSynced: Moment?
        var lastError: String?
        var firstSyncCommitted: Bool { lastSynced != nil }
        var seen: Bool { lastQueued != nil || lastSynced != nil || lastError != nil }
    }

    private let clock: @Sendable () -> Moment
    private let healthTimeout: Duration
    private let families: [IPFamily]
    private let started: Moment
    private let state: Mutex<[IPFamily: Family]>

    /// - Parameters:
    ///   - families: those whose first sync readiness waits for.
    ///   - healthTimeout: how long a change may wait; kube-proxy takes twice the sync period.
    package init(
        families: [IPFamily], healthTimeout: Duration, clock: @escaping @Sendable () -> Moment = Moment.now
    ) {
        self.clock = clock
        self.healthTimeout = healthTimeout
        self.families = families.sorted()
        started = clock()
        state = Mutex([:])
    }

    /// A change for `family` is known and not yet in the kernel.
    package func queued(_ family: IPFamily) {
        let now = clock()
        state.withLock {
            $0[family, default: Family()].lastQueued = now
            if $0[family]?.oldestPending == nil { $0[family]?.oldestPending = now }
        }
    }

    /// Everything queued for `family` is in the kernel.
    package func synced(_ family: IPFamily) {
        let now = clock()
        state.withLock {
            $0[family, default: Family()].lastSynced = now
            $0[family]?.oldestPending = nil
            $0[family]?.lastError = nil
        }
    }

    /// A sync of `family` failed and is to be tried again: the change goes on waiting.
    ///
    /// - Parameter reason: one line for the operator, shown by `/readyz`.
    package func failed(_ family: IPFamily, reason: String) {
        let now = clock()
        state.withLock {
            $0[family, default: Family()].lastError = reason
            if $0[family]?.oldestPending == nil { $0[family]?.oldestPending = now }
        }
    }

    /// What `/healthz` and `/livez` say; families appear with their first change or sync.
    package func report() -> HealthReport {
        let now = clock()
        let status = state.withLock { families in
            families.filter { $0.value.seen }.mapValues { family in
                // Before the first sync the age counts from the start, as in kube-proxy.
                let waiting = family.oldestPending.map { $0.monotonic.duration(to: now.monotonic) } ?? .zero
                return HealthReport.Family(
                    lastUpdated: (family.lastSynced ?? started).wall,
                    healthy: family.oldestPending == nil || waiting < healthTimeout)
            }
        }
        let stale = status.values.filter { !$0.healthy }.map(\.lastUpdated).min()
        return HealthReport(
            lastUpdated: stale ?? now.wall, currentTime: now.wall, healthy: stale == nil, status: status)
    }

    /// Why this node should get no traffic yet, one line each; none means ready.
    package func reasonsNotReady() -> [String] {
        state.withLock { state in
            families.flatMap { family -> [String] in
                let known = state[family] ?? Family()
                var reasons: [String] = []
                if !known.firstSyncCommitted { reasons.append("\(family): the first sync is not committed yet") }
                if let error = known.lastError {
                    reasons.append("\(family): the last sync failed: \(error.split(separator: "\n").joined(separator: " "))")
                }
                return reasons
            }
        }
    }
}
