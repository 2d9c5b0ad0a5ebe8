internal import ObjectStore

/// Steps of the objects for a ``ClusterFollower``, collected until it may be told.
struct FollowerSteps {
    private var waiting = DirtyKeys()
    private var hasTold = false
    /// As the follower was told last.
    private var sources = SourceStates()

    mutating func add(_ dirty: DirtyKeys) { waiting.formUnion(dirty) }

    /// Hands on what was collected. The first time, and when the source is in another state, nothing is news too.
    mutating func tell(_ follow: ClusterFollower, of store: ObjectStore) {
        guard !waiting.isEmpty || !hasTold || store.sources != sources else { return }
        follow(store.snapshot, waiting, store.sources)
        (waiting, hasTold, sources) = (DirtyKeys(), true, store.sources)
    }
}
