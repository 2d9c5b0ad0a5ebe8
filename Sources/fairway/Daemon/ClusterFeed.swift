internal import EndpointSliceController
internal import KubernetesModel
internal import ObjectStore

/// Gets steps of the objects in their order: what they are now, what of them changed, and how the source stands to them.
/// Nothing may have changed but the source's state.
typealias ClusterFollower = @Sendable (ClusterSnapshot, DirtyKeys, SourceStates) -> Void

/// Store and endpoint controller: events in, dirty keys out, with the slices that follow from pods among them.
struct ClusterFeed {
    /// Who makes EndpointSlices out of pods.
    enum Endpoints: Sendable, Hashable {
        /// Fairway does; what the folder of manifests has of slices is taken over.
        case fromManifests
        /// A controller in the cluster does.
        case fromSlices
        /// Fairway does, out of the cluster's pods, and writes them nowhere.
        case fromPods
    }

    private(set) var store: ObjectStore
    private(set) var controller: EndpointSliceController?
    private let endpoints: Endpoints
    /// What the controller has not seen: with an API, it waits for all kinds, for a pod whose Node is not known yet is no
    /// endpoint.
    private var unseen = DirtyKeys()

    /// - Parameter kinds: those that the source tells of.
    init(_ endpoints: Endpoints = .fromManifests, expecting kinds: Set<ObjectKind> = Set(ObjectKind.allCases)) {
        self.endpoints = endpoints
        store = ObjectStore(expecting: kinds)
        switch endpoints {
        case .fromManifests: controller = EndpointSliceController()
        case .fromSlices: controller = nil
        case .fromPods:
            controller = EndpointSliceController(
                options: EndpointSliceController.Options(
                    reconciler: SliceReconciler.Options(skipsPodsOfUnknownNodes: true), keepsSlicesOfUnknownPods: false))
        }
    }

    /// O(what the events touch).
    mutating func apply(_ events: [StoreEvent]) -> DirtyKeys {
        let fresh = store.apply(endpoints == .fromPods ? keepingOwnSlices(events) : events)
        guard controller != nil else { return fresh }
        unseen.formUnion(fresh)
        guard endpoints == .fromManifests || store.isSynced else { return fresh }
        var dirty = fresh
        // The controller sees what it wrote, and finds nothing more to do.
        while !unseen.isEmpty, let slices = controller?.update(snapshot: store.snapshot, dirty: unseen) {
            unseen = store.apply(slices)
            dirty.formUnion(unseen)
        }
        return dirty
    }

    /// The API does not know the slices made here, and a list of all slices must not take them away.
    private func keepingOwnSlices(_ events: [StoreEvent]) -> [StoreEvent] {
        guard let end = events.lastIndex(of: .synced(.endpointSlice)) else { return events }
        var events = events
        events.insert(contentsOf: ownSlices.map(StoreEvent.set), at: end)
        return events
    }

    /// Made here: only the API gives out uids.
    private var ownSlices: [KubernetesObject] {
        store.snapshot.endpointSlices.values.filter(\.metadata.uid.isEmpty).map(\.object)
    }
}
