internal import Dispatch
package import NetworkTypes
package import ServiceTable
internal import Synchronization

/// Keeps a dataplane at the latest table: takes steps as they come, merges those that arrive while the
/// kernel is busy, and recovers from refusals.
///
/// `run` occupies one thread, the only one that talks to the kernel. What waits is bounded: one
/// pending step a family, however many changes it stands for.
package final class DataplaneRunner: Sendable {
    /// One synchronisation that ended.
    package struct Outcome: Sendable {
        package let family: IPFamily
        /// Why everything was compared; nil for a step.
        package let reason: SyncReason?
        package var isFull: Bool { reason != nil }
        package let duration: Duration
        /// From the first change it carries until it was committed.
        package let delay: Duration
        package let result: Result<SyncReport, DataplaneError>
        /// What was done, `full` or `incremental`, for those who follow what the kernel holds.
        package let action: SyncPacer.Action
    }

    private struct Family {
        let family: IPFamily
        var pacer: SyncPacer
        /// When the oldest change not yet handed out arrived.
        var pendingSince: Duration?
    }

    private struct State {
        var families: [Family]
        /// Those that no synchronisation succeeded for yet.
        var unready: Set<IPFamily>
        var stopping = false
    }

    private let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)
    private let now: @Sendable () -> Duration
    private let observe: @Sendable (Outcome) -> Void
    private let whenReady: @Sendable () -> Void

    /// - Parameters:
    ///   - now: monotonic time.
    ///   - whenReady: called once on the runner's thread, when every family was synchronised: what
    ///     another mode left is removed here, and not before.
    ///   - observe: called on the runner's thread after each synchronisation.
    package init(
        families: [IPFamily] = IPFamily.allCases, limits: SyncPacer.Limits = SyncPacer.Limits(),
        now: @escaping @Sendable () -> Duration = MonotonicTime.now, whenReady: @escaping @Sendable () -> Void = {},
        observe: @escaping @Sendable (Outcome) -> Void
    ) {
        self.now = now
        self.observe = observe
        self.whenReady = whenReady
        self.state = Mutex(
            State(
                families: families.map { Family(family: $0, pacer: SyncPacer(limits: limits)) },
                unready: Set(families)))
    }

    /// Hands over a step of the table. Never blocks for the kernel.
    package func submit(_ change: ServiceTableChange) {
        let time = now()
        state.withLock { state in
            for index in state.families.indices {
                state.families[index].pacer.submit(change)
                if state.families[index].pendingSince == nil { state.families[index].pendingSince = time }
            }
        }
        wake.signal()
    }

    /// Has these families compared with the kernel, once it is that time.
    package func requestFull(_ families: Set<IPFamily>, _ reason: SyncReason, at time: Duration = .zero) {
        state.withLock { state in
            for index in state.families.indices where families.contains(state.families[index].family) {
                state.families[index].pacer.requestFull(reason, at: time)
            }
        }
        wake.signal()
    }

    /// Other limits from here on.
    package func change(_ limits: SyncPacer.Limits) {
        let time = now()
        state.withLock { state in
            for index in state.families.indices { state.families[index].pacer.change(limits, now: time) }
        }
        wake.signal()
    }

    /// Ends `run` once the synchronisation under way is done. What is in the kernel stays there.
    package func stop() {
        state.withLock { $0.stopping = true }
        wake.signal()
    }

    /// Works until `stop`. Blocks: call it on a thread of its own.
    package func run(_ dataplane: consuming some Dataplane & ~Copyable) {
        var dataplane = dataplane
        while true {
            switch nextStep() {
            case .stop:
                return
            case .wait(nil):
                wake.wait()
            case .wait(let duration?):
                wake.wait(for: duration)
            case .work(let index, let family, let action, let since):
                perform(action, on: &dataplane, index: index, family: family, since: since)
            }
        }
    }

    private enum Step {
        case stop
        case wait(Duration?)
        case work(index: Int, family: IPFamily, action: SyncPacer.Action, since: Duration)
    }

    private func nextStep() -> Step {
        let time = now()
        return state.withLock { state in
            if state.stopping { return .stop }
            var deadline: Duration?
            for index in state.families.indices {
                let action = state.families[index].pacer.next(now: time)
                switch action {
                case .idle:
                    state.families[index].pendingSince = nil
                case .wait(let until):
                    if state.families[index].pacer.pendingCount == 0 { state.families[index].pendingSince = nil }
                    deadline = min(deadline ?? until, until)
                case .full, .incremental:
                    let since = state.families[index].pendingSince ?? time
                    state.families[index].pendingSince = nil
                    return .work(index: index, family: state.families[index].family, action: action, since: since)
                }
            }
            return .wait(deadline.map { $0 - time })
        }
    }

    private func perform(
        _ action: SyncPacer.Action, on dataplane: inout some Dataplane & ~Copyable, index: Int, family: IPFamily, since: Duration
    ) {
        let started = now()
        let result: Result<SyncReport, DataplaneError>
        var fullReason: SyncReason?
        do throws(DataplaneError) {
            switch action {
            case .full(let table, let reason):
                fullReason = reason
                result = .success(try dataplane.synchronize(table, family: family))
            case .incremental(let change):
                result = .success(try dataplane.apply(change, family: family))
            case .idle, .wait:
                return
            }
        } catch {
            result = .failure(error)
        }
        let ended = now()
        let succeeded = if case .success = result { true } else { false }
        let becomesReady = state.withLock { state in
            state.families[index].pacer.finished(succeeded: succeeded, now: ended)
            return succeeded && state.unready.remove(family) != nil && state.unready.isEmpty
        }
        observe(
            Outcome(
                family: family, reason: fullReason, duration: ended - started, delay: ended - since, result: result,
                action: action))
        if becomesReady { whenReady() }
    }
}

/// Monotonic time since the first use in this process.
package enum MonotonicTime {
    private static let origin = ContinuousClock.now

    /// Never goes back, whatever is done to the wall clock.
    package static let now: @Sendable () -> Duration = { ContinuousClock.now - origin }
}
