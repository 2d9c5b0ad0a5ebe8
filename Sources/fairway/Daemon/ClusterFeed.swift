internal import EndpointSliceController
internal import ObjectStore

/// Gets steps of the objects in their order: what they are now, what of them changed, and how the source stands to them.
/// Nothing may have changed but the source's state.
typealias ClusterFollower = @Sendable (ClusterSnapshot, DirtyKeys, SourceStates) -> Void

/// Store and endpoint controller: events in, dirty keys out, with the slices that follow from pods among them.
struct ClusterFeed {
    private(set) var store = ObjectStore()
    private(set) var controller = EndpointSliceController()

    /// O(what the events touch).
    mutating func apply(_ events: [StoreEvent]) -> DirtyKeys {
        var fresh = store.apply(events)
        var dirty = fresh
        // The controller sees what it wrote, and finds nothing more to do.
        while !fresh.isEmpty {
            let slices = controller.update(snapshot: store.snapshot, dirty: fresh)
            fresh = store.apply(slices)
            dirty.formUnion(fresh)
        }
        return dirty
    }
}
