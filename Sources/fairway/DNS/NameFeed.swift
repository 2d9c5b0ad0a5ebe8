internal import EndpointSliceController
internal import KubernetesModel
internal import ObjectStore
internal import Synchronization

/// What stands for the engine where only names are wanted: store and endpoint controller, and no policy.
final class NameFeed: Sendable {
    private struct State {
        var feed = ClusterFeed()
        /// Collected until every source has synced.
        var waiting = DirtyKeys()
        var isSynced = false
    }

    private let state = Mutex(State())
    private let follow: @Sendable (ClusterSnapshot, DirtyKeys) -> Void

    /// - Parameter follow: as that of ``Engine``.
    init(follow: @escaping @Sendable (ClusterSnapshot, DirtyKeys) -> Void) { self.follow = follow }

    /// Takes a batch of events in, on the thread that brings it. O(what it touches).
    func apply(_ events: [StoreEvent]) -> Engine.Progress {
        state.withLock { state in
            state.waiting.formUnion(state.feed.apply(events))
            let store = state.feed.store
            if store.isSynced, !state.waiting.isEmpty || !state.isSynced {
                // Steps are handed on under the lock, so that they arrive in their order.
                follow(store.snapshot, state.waiting)
                state.waiting = DirtyKeys()
                state.isSynced = true
            }
            return Engine.Progress(
                isSynced: store.isSynced, serviceCount: store.snapshot.services.count,
                podsWithoutAddress: state.feed.controller.statistics.podsWithoutAddress, newConflicts: [])
        }
    }
}
