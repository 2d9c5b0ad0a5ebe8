internal import Dataplane
internal import EndpointSliceController
internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore
internal import ServicePolicy
internal import ServiceTable
internal import Synchronization

/// The way of the data from events to a step of the service table: store, endpoint controller, policy.
///
/// Everything here is computed on the thread that brings the event, one at a time; what the kernel
/// makes of it is the runner's. Nothing is handed on before every source has synced.
final class Engine: Sendable {
    private struct State {
        var store: ObjectStore
        var controller: EndpointSliceController
        var policy: ServicePolicy
        var hostAddresses: [IPAddress]
        /// Collected until every source has synced.
        var waiting = DirtyKeys()
        var hasDecided = false
        var knownConflicts: Set<FrontendConflict> = []
    }

    /// What one batch led to.
    struct Progress: Sendable {
        var isSynced: Bool
        var serviceCount: Int
        var podsWithoutAddress: Int
        /// Conflicts that were not there before.
        var newConflicts: [(conflict: FrontendConflict, holder: ServicePortKey)]
    }

    private let state: Mutex<State>
    private let metrics: DaemonMetrics
    private let submit: @Sendable (ServiceTableChange) -> Void

    init(
        options: PolicyOptions, adoptedOrder: AdoptedOrder, hostAddresses: [IPAddress], metrics: DaemonMetrics,
        submit: @escaping @Sendable (ServiceTableChange) -> Void
    ) {
        self.metrics = metrics
        self.submit = submit
        self.state = Mutex(
            State(
                store: ObjectStore(), controller: EndpointSliceController(),
                policy: ServicePolicy(options: options, adoptedOrder: adoptedOrder), hostAddresses: hostAddresses))
    }

    /// Takes a batch of events in. O(what it touches).
    @discardableResult
    func apply(_ events: [StoreEvent]) -> Progress {
        state.withLock { state in
            var fresh = state.store.apply(events)
            var dirty = fresh
            // The controller sees what it wrote, and finds nothing more to do.
            while !fresh.isEmpty {
                let slices = state.controller.update(snapshot: state.store.snapshot, dirty: fresh)
                fresh = state.store.apply(slices)
                dirty.formUnion(fresh)
            }
            metrics.changed(dirty)
            return decide(dirty, &state)
        }
    }

    /// The host's addresses are these now.
    func hostAddressesChanged(to addresses: [IPAddress]) {
        state.withLock { state in
            guard state.hostAddresses != addresses else { return }
            state.hostAddresses = addresses
            _ = decide(DirtyKeys(), &state)
        }
    }

    /// Steps are handed on under the lock, so that they arrive in the order they were decided in.
    private func decide(_ dirty: DirtyKeys, _ state: inout State) -> Progress {
        state.waiting.formUnion(dirty)
        if state.store.isSynced {
            let step = state.policy.update(
                snapshot: state.store.snapshot, dirty: state.waiting, hostAddresses: state.hostAddresses)
            state.waiting = DirtyKeys()
            // The first step is handed on even when it is empty: the dataplane becomes ready by it.
            if !step.isEmpty || !state.hasDecided { submit(step) }
            if !state.hasDecided { state.policy.finishAdoption() }
            state.hasDecided = true
        }
        let conflicts = state.policy.conflicts
        let fresh = conflicts.filter { !state.knownConflicts.contains($0.key) }
        state.knownConflicts = Set(conflicts.keys)
        let statistics = state.controller.statistics
        return Progress(
            isSynced: state.store.isSynced, serviceCount: state.store.snapshot.services.count,
            podsWithoutAddress: statistics.podsWithoutAddress, newConflicts: fresh.map { ($0.key, $0.value) })
    }

    /// What is held now: values, to be read without holding anything up.
    struct View: Sendable {
        let snapshot: ClusterSnapshot
        let table: ServiceTable
        let conflicts: [FrontendConflict: ServicePortKey]
        let hintRefusals: [ObjectKey: [IPFamily: HintRefusal]]
        let isSynced: Bool
    }

    /// O(1).
    var view: View {
        state.withLock {
            View(
                snapshot: $0.store.snapshot, table: $0.policy.table, conflicts: $0.policy.conflicts,
                hintRefusals: $0.controller.hintRefusals, isSynced: $0.store.isSynced)
        }
    }
}
