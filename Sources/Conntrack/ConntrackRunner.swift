internal import Dispatch
package import Netlink
package import NetworkTypes
package import ServiceTable
internal import Synchronization

/// Deletes stale flows after each step that a dataplane committed, on a thread of its own, so that the
/// next step never waits for it. Steps that arrive while it works are merged: what waits is bounded by
/// the number of frontends.
package final class ConntrackRunner: Sendable {
    /// One run in one family that ended.
    package struct Outcome: Sendable {
        package let family: IPFamily
        package let duration: Duration
        package let result: Result<FlowSweeper.Report, NetlinkError>
    }

    private struct Family {
        let family: IPFamily
        var pending: [FlowDestination: Sweep] = [:]
        /// Look at the whole table next.
        var wantsAll = false
        /// What the kernel holds; nil when nothing was ever committed.
        var committed: ServiceTable?
        /// Frontends of an earlier process, until the first look at the whole table.
        var former: [FrontendKey]
    }

    private struct State {
        var families: [Family]
        /// Handed to the dataplane, perhaps not committed yet.
        var announced: ServiceTable?
        var generation: UInt64 = 0
        var isStopping = false
    }

    /// Delay before sweeps that failed are tried again: doubles from the first to the last.
    private static let retryMilliseconds = 500...30_000

    private let flows: StaleFlows
    private let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)
    private let observe: @Sendable (Outcome) -> Void

    /// - Parameter observe: called on the runner's thread after each run.
    package init(flows: StaleFlows, observe: @escaping @Sendable (Outcome) -> Void) {
        self.flows = flows
        self.observe = observe
        state = Mutex(State(families: IPFamily.allCases.map { Family(family: $0, former: []) }))
    }

    /// Frontends that were served when this process began: flows to those that are gone are stale.
    package func adopt(_ former: some Sequence<FrontendKey>) {
        let former = Array(former)
        state.withLock { state in
            for index in state.families.indices {
                let family = state.families[index].family
                state.families[index].former = former.filter { $0.family == family }
            }
        }
    }

    /// A table goes to the dataplane: flows to places that it adds are good from now on.
    package func announce(_ table: ServiceTable) {
        state.withLock { state in
            state.announced = table
            state.generation += 1
        }
    }

    /// The dataplane committed a step. O(changed).
    package func committed(_ change: ServiceTableChange, family: IPFamily) {
        let sweeps = flows.sweeps(of: change, family: family)
        state.withLock { state in
            guard let index = state.families.firstIndex(where: { $0.family == family }) else { return }
            state.families[index].committed = change.new
            for sweep in sweeps { state.families[index].pending[sweep.destination] = sweep }
            state.generation += 1
        }
        if !sweeps.isEmpty { wake.signal() }
    }

    /// The dataplane brought the kernel to `table` from an unknown state.
    package func committedAll(_ table: ServiceTable, family: IPFamily) {
        // What was served before and is not any more; the rest is looked at as a whole.
        let before = state.withLock { $0.families.first { $0.family == family }?.committed }
        if let before { committed(table.changes(from: before, family: family), family: family) }
        state.withLock { state in
            guard let index = state.families.firstIndex(where: { $0.family == family }) else { return }
            state.families[index].committed = table
            state.families[index].wantsAll = true
            state.generation += 1
        }
        wake.signal()
    }

    /// Ends `run` once the sweep under way is done.
    package func stop() {
        state.withLock { $0.isStopping = true }
        wake.signal()
    }

    /// Works until `stop`. Blocks: call it on a thread of its own.
    package func run(_ sweeper: consuming FlowSweeper) {
        var delay = ConntrackRunner.retryMilliseconds.lowerBound
        while !state.withLock({ $0.isStopping }) {
            var failed = false
            var worked = false
            for family in IPFamily.allCases {
                let sweeps = take(family)
                guard !sweeps.isEmpty else { continue }
                worked = true
                if !perform(sweeps, family, sweeper) { failed = true }
            }
            if failed {
                // Steps that arrive meanwhile are taken with the next try; they do not hasten it.
                let deadline = DispatchTime.now() + .milliseconds(delay)
                while !state.withLock({ $0.isStopping }), wake.wait(timeout: deadline) == .success {}
                delay = min(delay * 2, ConntrackRunner.retryMilliseconds.upperBound)
            } else {
                delay = ConntrackRunner.retryMilliseconds.lowerBound
                if !worked { wake.wait() }
            }
        }
    }

    /// Everything that waits in this family.
    private func take(_ family: IPFamily) -> [Sweep] {
        let taken = state.withLock { state -> Family? in
            guard let index = state.families.firstIndex(where: { $0.family == family }) else { return nil }
            let taken = state.families[index]
            state.families[index].pending = [:]
            state.families[index].wantsAll = false
            if taken.wantsAll { state.families[index].former = [] }
            return taken
        }
        guard var taken else { return [] }
        if taken.wantsAll, let table = taken.committed {
            for sweep in flows.sweeps(ofAll: table, former: taken.former, family: family) {
                if sweep.owner != nil || taken.pending[sweep.destination] == nil {
                    taken.pending[sweep.destination] = sweep
                }
            }
        }
        return Array(taken.pending.values)
    }

    private func perform(_ sweeps: [Sweep], _ family: IPFamily, _ sweeper: borrowing FlowSweeper) -> Bool {
        let clock = ContinuousClock()
        let started = clock.now
        let result: Result<FlowSweeper.Report, NetlinkError>
        do throws(NetlinkError) {
            result = .success(try sweeper.run(sweeps) { tables(family) })
        } catch {
            result = .failure(error)
            putBack(sweeps, family)
        }
        observe(Outcome(family: family, duration: clock.now - started, result: result))
        if case .success = result { return true }
        return false
    }

    private func tables(_ family: IPFamily) -> FlowSweeper.Tables {
        state.withLock { state in
            let committed = state.families.first { $0.family == family }?.committed
            return FlowSweeper.Tables(
                generation: state.generation, tables: [committed, state.announced].compactMap { $0 })
        }
    }

    /// Sweeps that could not be carried out wait again, unless newer ones do.
    private func putBack(_ sweeps: [Sweep], _ family: IPFamily) {
        state.withLock { state in
            guard let index = state.families.firstIndex(where: { $0.family == family }) else { return }
            state.families[index].pending.merge(sweeps.map { ($0.destination, $0) }) { newer, _ in newer }
        }
    }
}
