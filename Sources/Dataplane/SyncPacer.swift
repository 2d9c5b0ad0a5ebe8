package import ServiceTable

/// When to synchronise, and how: incrementally, or in full after a failure. Decisions only: time is
/// given, nothing is done here.
///
/// Changes that arrive while a synchronisation runs, or sooner than `minimumInterval` after the last
/// one ended, are merged into one step. A failed synchronisation is followed by a full one after a
/// delay that doubles up to `maximumRetry`; a success resets the delay. A full one may be asked for,
/// now or for later, and comes by itself when the last is `fullInterval` ago.
package struct SyncPacer: Sendable {
    package struct Limits: Sendable, Hashable {
        /// Least time from the end of one synchronisation to the start of the next.
        package var minimumInterval: Duration
        /// Delay after the first failure.
        package var firstRetry: Duration
        /// Longest delay between retries.
        package var maximumRetry: Duration
        /// From the end of one full synchronisation to the next, when nothing else asks for one; nil: none.
        package var fullInterval: Duration?

        package init(
            minimumInterval: Duration = .zero, firstRetry: Duration = .milliseconds(100),
            maximumRetry: Duration = .seconds(30), fullInterval: Duration? = nil
        ) {
            self.minimumInterval = minimumInterval
            self.firstRetry = firstRetry
            self.maximumRetry = maximumRetry
            self.fullInterval = fullInterval
        }
    }

    package enum Action: Sendable {
        /// Nothing is due; wait for a change.
        case idle
        /// Wait until then, or for a change.
        case wait(until: Duration)
        case full(ServiceTable, SyncReason)
        case incremental(ServiceTableChange)
    }

    private var limits: Limits
    /// What the dataplane holds; nil when that is not known.
    private var applied: ServiceTable?
    private var pending: ServiceTableChange?
    private var latest: ServiceTable?
    /// When full synchronisations are due that somebody asked for, ascending. One that was asked for with
    /// a later time stands for what may come until then: an earlier one does not do for it.
    private var fullDue: [(at: Duration, reason: SyncReason)] = []
    /// When one is due because none was for long.
    private var periodicDue: Duration?
    private var hasSucceeded = false
    private var notBefore: Duration = .zero
    private var retry: Duration?
    private var running: (table: ServiceTable, isFull: Bool)?

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Other limits from here on. A pause under way is not cut short.
    ///
    /// - Parameter now: monotonic time.
    package mutating func change(_ limits: Limits, now: Duration) {
        guard limits != self.limits else { return }
        if limits.fullInterval != self.limits.fullInterval, hasSucceeded {
            periodicDue = limits.fullInterval.map { now + $0 }
        }
        self.limits = limits
    }

    /// A new table. Merged with what is not applied yet.
    package mutating func submit(_ change: ServiceTableChange) {
        latest = change.new
        pending = pending.map { $0.followed(by: change) } ?? change
    }

    /// The kernel may not hold what was put there: everything is compared from this time on.
    ///
    /// What others changed does not wait for the end of the pause after a refusal.
    ///
    /// - Parameter at: of monotonic time.
    package mutating func requestFull(_ reason: SyncReason, at: Duration = .zero) {
        if applied == nil { notBefore = min(notBefore, at) }
        if fullDue.contains(where: { $0.at == at }) { return }
        fullDue.append((at, reason))
        fullDue.sort { $0.at < $1.at }
    }

    /// Changes not yet handed out.
    package var pendingCount: Int { pending?.changed.count ?? 0 }

    /// - Parameter now: monotonic time, from any origin.
    package mutating func next(now: Duration) -> Action {
        guard running == nil, let latest else { return .idle }
        let reason = fullReason(now: now)
        guard reason != nil || pending.map({ !$0.isEmpty }) == true else {
            pending = nil
            let due = [fullDue.first?.at, periodicDue].compactMap { $0 }.min()
            return due.map { .wait(until: max($0, notBefore)) } ?? .idle
        }
        guard now >= notBefore else { return .wait(until: notBefore) }
        running = (latest, reason != nil)
        defer { pending = nil }
        guard let reason else { return pending.map { .incremental($0) } ?? .idle }
        fullDue.removeAll { $0.at <= now }
        return .full(latest, reason)
    }

    /// Why everything is to be compared now; nil when it is not.
    private func fullReason(now: Duration) -> SyncReason? {
        if let due = fullDue.first, due.at <= now, hasSucceeded { return due.reason }
        if applied == nil { return hasSucceeded ? .failure : .start }
        if let periodicDue, periodicDue <= now { return .periodic }
        return nil
    }

    /// The action last handed out ended.
    package mutating func finished(succeeded: Bool, now: Duration) {
        guard let (table, isFull) = running else { return }
        running = nil
        if succeeded {
            applied = table
            hasSucceeded = true
            retry = nil
            if isFull { periodicDue = limits.fullInterval.map { now + $0 } }
            notBefore = now + limits.minimumInterval
        } else {
            applied = nil
            let delay = min(retry ?? limits.firstRetry, limits.maximumRetry)
            retry = min(delay * 2, limits.maximumRetry)
            notBefore = now + delay
        }
    }
}

/// Why everything was compared with the kernel.
package enum SyncReason: String, Sendable, Hashable, CaseIterable {
    /// Nothing was synchronised yet.
    case start
    /// The synchronisation before was refused.
    case failure
    /// Somebody else changed what is ours.
    case foreignChange = "foreign_change"
    /// Notifications were lost, and with them perhaps a change of somebody else.
    case lostNotifications = "lost_notifications"
    /// Nothing was compared for long.
    case periodic
}
