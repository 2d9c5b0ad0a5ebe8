package import ServiceTable

/// When to synchronise, and how: incrementally, or in full after a failure. Decisions only: time is
/// given, nothing is done here.
///
/// Changes that arrive while a synchronisation runs, or sooner than `minimumInterval` after the last
/// one ended, are merged into one step. A failed synchronisation is followed by a full one after a
/// delay that doubles up to `maximumRetry`; a success resets the delay.
package struct SyncPacer: Sendable {
    package struct Limits: Sendable, Hashable {
        /// Least time from the end of one synchronisation to the start of the next.
        package var minimumInterval: Duration
        /// Delay after the first failure.
        package var firstRetry: Duration
        /// Longest delay between retries.
        package var maximumRetry: Duration

        package init(
            minimumInterval: Duration = .zero, firstRetry: Duration = .milliseconds(100),
            maximumRetry: Duration = .seconds(30)
        ) {
            self.minimumInterval = minimumInterval
            self.firstRetry = firstRetry
            self.maximumRetry = maximumRetry
        }
    }

    package enum Action: Sendable {
        /// Nothing is due; wait for a change.
        case idle
        /// Wait until then, or for a change.
        case wait(until: Duration)
        case full(ServiceTable)
        case incremental(ServiceTableChange)
    }

    private let limits: Limits
    /// What the dataplane holds; nil when that is not known.
    private var applied: ServiceTable?
    private var pending: ServiceTableChange?
    private var latest: ServiceTable?
    private var fullWanted = false
    private var notBefore: Duration = .zero
    private var retry: Duration?
    private var running: ServiceTable?

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// A new table. Merged with what is not applied yet.
    package mutating func submit(_ change: ServiceTableChange) {
        latest = change.new
        pending = pending.map { $0.followed(by: change) } ?? change
    }

    /// The kernel may not hold what was put there.
    package mutating func requestFull() { fullWanted = true }

    /// Changes not yet handed out.
    package var pendingCount: Int { pending?.changed.count ?? 0 }

    /// - Parameter now: monotonic time, from any origin.
    package mutating func next(now: Duration) -> Action {
        guard running == nil, let latest else { return .idle }
        let needsFull = applied == nil || fullWanted
        guard needsFull || pending.map({ !$0.isEmpty }) == true else {
            pending = nil
            return .idle
        }
        guard now >= notBefore else { return .wait(until: notBefore) }
        running = latest
        defer { pending = nil }
        if !needsFull, let pending { return .incremental(pending) }
        fullWanted = false
        return .full(latest)
    }

    /// The action last handed out ended.
    package mutating func finished(succeeded: Bool, now: Duration) {
        guard let table = running else { return }
        running = nil
        if succeeded {
            applied = table
            retry = nil
            notBefore = now + limits.minimumInterval
        } else {
            applied = nil
            let delay = min(retry ?? limits.firstRetry, limits.maximumRetry)
            retry = min(delay * 2, limits.maximumRetry)
            notBefore = now + delay
        }
    }
}
