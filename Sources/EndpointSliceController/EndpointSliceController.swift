package import KubernetesModel
package import NetworkTypes
package import ObjectStore

/// Keeps the EndpointSlices of all Services as their pods want them, one batch of changes at a time.
///
/// Owns an index from labels to Services and from Services to pods; a changed pod costs the
/// Services that select it, or did, and of these only the slices' entries for that pod. Does no
/// I/O: what to write comes back as store events, to be applied before the next call; that next
/// call sees the written slices among its dirty keys and finds nothing to do.
///
/// Existing slices managed by the EndpointSlice controller are taken over as they are, so that a
/// folder dumped from a cluster keeps its slices. Where such a folder has no pods at all in a
/// Service's namespace, and none was seen since the start, its slices stay as they were dumped:
/// they are the only knowledge of the endpoints there is.
package struct EndpointSliceController: Sendable {
    /// What differs between a cluster and a folder of manifests.
    package struct Options: Sendable, Hashable {
        package var reconciler: SliceReconciler.Options
        /// Delete the slices of a deleted Service: there is no API server whose garbage collector does.
        package var deletesSlicesOfDeletedServices: Bool
        /// Keep slices of Services in namespaces of which no pod is known.
        package var keepsSlicesOfUnknownPods: Bool

        /// The defaults fit a folder of manifests.
        package init(
            reconciler: SliceReconciler.Options = SliceReconciler.Options(),
            deletesSlicesOfDeletedServices: Bool = true, keepsSlicesOfUnknownPods: Bool = true
        ) {
            self.reconciler = reconciler
            self.deletesSlicesOfDeletedServices = deletesSlicesOfDeletedServices
            self.keepsSlicesOfUnknownPods = keepsSlicesOfUnknownPods
        }
    }

    /// What the controller holds, for an operator.
    package struct Statistics: Sendable, Hashable {
        /// Services known, with or without a selector.
        package var services = 0
        /// Pods known.
        package var pods = 0
        /// Pods that are neither finished nor have an address yet: they are no endpoints.
        package var podsWithoutAddress = 0
        /// Services whose slices are kept as found, because no pod of their namespace is known.
        package var servicesWithKeptSlices = 0
        /// Services that ask for hints of topology and got none, in some family; see ``hintRefusals``.
        package var servicesWithoutHints = 0
        /// Slices created, changed and deleted since the start.
        package var slicesCreated = 0
        package var slicesUpdated = 0
        package var slicesDeleted = 0
    }

    package let options: Options
    package internal(set) var statistics = Statistics()
    /// Why the endpoints of a Service have no hints, or none that consumers follow, although it asks
    /// for them by `trafficDistribution` or the topology annotation.
    package internal(set) var hintRefusals: [ObjectKey: [IPFamily: HintRefusal]] = [:]

    let reconciler: SliceReconciler
    let mirror = MirrorReconciler()
    var index = SelectorIndex()
    var nodes = NodeZones()
    var capacities = ZoneCapacities()
    /// Services with the topology annotation: their hints depend on the CPU of all nodes.
    var topologyServices: Set<ServiceID> = []
    /// The first call takes all that the snapshot holds as dirty.
    var hasStarted = false
    /// Services whose slices are kept, by namespace, until a pod appears there.
    var kept: [String: Set<ServiceID>] = [:]
    /// Namespaces of which a pod was seen since the start; never forgotten, since a namespace that
    /// lost its last pod is known to have none.
    var populatedNamespaces: Set<String> = []
    /// Endpoints seen since the start: slices mirrored from others were dumped without them.
    var mirroredEndpoints: Set<ObjectKey> = []
    /// The Service each managed slice was last seen to belong to.
    var owners: [ObjectKey: ObjectKey] = [:]
    /// What the store must say of the slices written by the last call (nil: gone). Lives until the
    /// call that sees them dirty.
    var expected: [ObjectKey: EndpointSlice?] = [:]

    package init(options: Options = Options()) {
        self.options = options
        reconciler = SliceReconciler(options: options.reconciler)
    }

    /// Decides anew what the dirty objects concern.
    ///
    /// - Parameters:
    ///   - snapshot: the store's snapshot after the changes.
    ///   - dirty: what changed since the last call's snapshot, the returned events among it.
    ///   - overwritten: slices as they were wanted before others' news took their place in the snapshot, though nobody had
    ///     got them yet: what is still wanted of them keeps the trigger time they had.
    /// - Returns: slices to set and delete, by Service name; empty when all is as wanted.
    package mutating func update(
        snapshot: ClusterSnapshot, dirty: DirtyKeys, overwritten: [EndpointSlice] = []
    ) -> [StoreEvent] {
        let changes = hasStarted ? ChangedKeys(dirty) : ChangedKeys(everythingIn: snapshot)
        hasStarted = true
        var work = PendingWork()
        note(nodes: changes.nodes, snapshot, &work)
        note(services: changes.services, snapshot, &work)
        note(pods: changes.pods, snapshot, &work)
        note(slices: changes.slices, snapshot, &work)
        note(overwritten: overwritten, &work)
        for key in changes.endpoints { work.mirrors.insert(key) }
        let events = perform(work, snapshot)
        statistics.services = index.serviceCount
        statistics.pods = index.podCount
        statistics.servicesWithoutHints = hintRefusals.count
        statistics.servicesWithKeptSlices = kept.values.reduce(0) { $0 + $1.count }
        return events
    }
}
