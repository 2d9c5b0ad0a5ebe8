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
        var feed: ClusterFeed
        var policy: ServicePolicy
        var hostAddresses: [IPAddress]
        /// Collected until every source has synced.
        var waiting = DirtyKeys()
        var hasDecided = false
        var knownConflicts: Set<FrontendConflict> = []
        /// For `followNames`, held back until `nameKinds` have synced too.
        var nameSteps = FollowerSteps()
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
    private let follow: ClusterFollower
    private let followNames: ClusterFollower
    private let nameKinds: Set<ObjectKind>

    /// - Parameters:
    ///   - follow: gets every step of the objects once all sources have synced; the first has everything dirty.
    ///   - followNames: the same, once `nameKinds` have synced too; Services do not wait for them. Returns soon, as `follow`
    ///     does: the next event waits for both.
    init(
        feed: ClusterFeed, options: PolicyOptions, adoptedOrder: AdoptedOrder, hostAddresses: [IPAddress],
        metrics: DaemonMetrics, nameKinds: Set<ObjectKind> = [], follow: @escaping ClusterFollower = { _, _, _ in },
        followNames: @escaping ClusterFollower = { _, _, _ in },
        submit: @escaping @Sendable (ServiceTableChange) -> Void
    ) {
        self.metrics = metrics
        self.submit = submit
        self.follow = follow
        self.followNames = followNames
        self.nameKinds = nameKinds
        self.state = Mutex(
            State(
                feed: feed, policy: ServicePolicy(options: options, adoptedOrder: adoptedOrder),
                hostAddresses: hostAddresses))
    }

    /// Takes a batch of events in. O(what it touches).
    @discardableResult
    func apply(_ events: [StoreEvent]) -> Progress {
        state.withLock { state in
            let dirty = state.feed.apply(events)
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

    /// The operator chose otherwise: every Service is decided anew.
    func change(_ options: PolicyOptions) {
        state.withLock { state in
            state.policy.change(options)
            _ = decide(DirtyKeys(), &state)
        }
    }

    /// Steps are handed on under the lock, so that they arrive in the order they were decided in.
    private func decide(_ dirty: DirtyKeys, _ state: inout State) -> Progress {
        state.waiting.formUnion(dirty)
        if state.feed.store.isSynced {
            let step = state.policy.update(
                snapshot: state.feed.store.snapshot, dirty: state.waiting, hostAddresses: state.hostAddresses)
            let changed = state.waiting
            state.waiting = DirtyKeys()
            // The first step is handed on even when it is empty: the dataplane becomes ready by it.
            if !step.isEmpty || !state.hasDecided { submit(step) }
            if !state.hasDecided { state.policy.finishAdoption() }
            if !changed.isEmpty || !state.hasDecided { follow(state.feed.store.snapshot, changed, state.feed.store.sources) }
            state.nameSteps.add(changed)
            if state.feed.store.syncedKinds.isSuperset(of: nameKinds) { state.nameSteps.tell(followNames, of: state.feed.store) }
            state.hasDecided = true
        }
        let conflicts = state.policy.conflicts
        let fresh = conflicts.filter { !state.knownConflicts.contains($0.key) }
        state.knownConflicts = Set(conflicts.keys)
        let podsWithoutAddress = state.feed.controller?.statistics.podsWithoutAddress ?? 0
        return Progress(
            isSynced: state.feed.store.isSynced, serviceCount: state.feed.store.snapshot.services.count,
            podsWithoutAddress: podsWithoutAddress, newConflicts: fresh.map { ($0.key, $0.value) })
    }

    /// What is held now: values, to be read without holding anything up.
    struct View: Sendable {
        let snapshot: ClusterSnapshot
        let table: ServiceTable
        let conflicts: [FrontendConflict: ServicePortKey]
        let hintRefusals: [ObjectKey: [IPFamily: HintRefusal]]
        let isSynced: Bool
        /// Kinds that the source has not told of yet.
        let missingKinds: [ObjectKind]
    }

    /// O(1).
    var view: View {
        state.withLock {
            View(
                snapshot: $0.feed.store.snapshot, table: $0.policy.table, conflicts: $0.policy.conflicts,
                hintRefusals: $0.feed.controller?.hintRefusals ?? [:], isSynced: $0.feed.store.isSynced,
                missingKinds: $0.feed.store.expectedKinds.union(nameKinds).subtracting($0.feed.store.syncedKinds).sorted())
        }
    }
}
