internal import EndpointSliceController
internal import KubernetesModel
internal import ObjectStore
internal import Synchronization

/// What stands for the engine where only names are wanted: store and endpoint controller, and no policy.
final class NameFeed: Sendable {
    private struct State {
        var feed: ClusterFeed
        /// Held back until every source has synced.
        var steps = FollowerSteps()
    }

    private let state: Mutex<State>
    private let follow: ClusterFollower

    /// - Parameter follow: as that of ``Engine``.
    init(_ feed: ClusterFeed = ClusterFeed(), follow: @escaping ClusterFollower) {
        state = Mutex(State(feed: feed))
        self.follow = follow
    }

    /// Takes a batch of events in, of whatever source, on the thread that brings it. O(what it touches).
    func apply(_ events: [StoreEvent]) -> Engine.Progress {
        state.withLock { state in
            state.steps.add(state.feed.apply(events))
            let store = state.feed.store
            // Steps are handed on under the lock, so that they arrive in their order.
            if store.isSynced { state.steps.tell(follow, of: store) }
            return Engine.Progress(
                isSynced: store.isSynced, serviceCount: store.snapshot.services.count,
                podsWithoutAddress: state.feed.controller?.statistics.podsWithoutAddress ?? 0, newConflicts: [])
        }
    }
}
