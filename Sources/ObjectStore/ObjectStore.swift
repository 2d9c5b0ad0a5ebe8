internal import HashTreeCollections
public import KubernetesModel

/// What a source tells the store.
public enum StoreEvent: Sendable, Hashable {
    /// The object exists and looks like this, whether the store knew it or not.
    case set(KubernetesObject)
    /// The object exists, and its state cannot be read: what was known of it stays, also when its kind is listed anew.
    case keep(ObjectReference)
    /// The object is gone. Unknown objects are ignored.
    case delete(ObjectReference)
    /// The source begins to list this kind anew: what is not `set` or kept before `synced` is gone.
    case reset(ObjectKind)
    /// The source has told every object of this kind that it knows; it is connected.
    case synced(ObjectKind)
    /// The source has lost what it follows this kind by, or has found it again without listing anew. Objects stay as
    /// they are.
    case source(SourceState, of: ObjectKind)
}

/// What a batch of events changed.
public struct DirtyKeys: Sendable, Hashable {
    /// Every object that appeared, changed or vanished.
    public var objects: Set<ObjectReference>
    /// Services to decide anew: the Service itself, or a slice that names it (before or now), changed.
    public var services: Set<ObjectKey>

    public init(objects: Set<ObjectReference> = [], services: Set<ObjectKey> = []) {
        self.objects = objects
        self.services = services
    }

    public var isEmpty: Bool { objects.isEmpty }

    public mutating func formUnion(_ other: DirtyKeys) {
        if isEmpty, services.isEmpty {
            self = other
            return
        }
        objects.formUnion(other.objects)
        services.formUnion(other.services)
    }
}

/// The keyed store between the sources and everything that computes.
///
/// One owner mutates it; readers take `snapshot`, a persistent value. Setting an object to what it
/// already is marks nothing dirty, so that order and duplicates of events do not matter.
public struct ObjectStore: Sendable {
    public private(set) var snapshot = ClusterSnapshot()
    /// Kinds that must report `synced` before `isSynced`.
    public let expectedKinds: Set<ObjectKind>
    public private(set) var syncedKinds: Set<ObjectKind> = []
    /// How the source stands to what is held here.
    public private(set) var sources = SourceStates()
    /// While a kind is listed anew: the keys seen since its `reset`. None for a kind of which nothing was held then: all
    /// there is was seen since.
    private var relisted: [ObjectKind: Set<ObjectKey>] = [:]

    public init(expecting kinds: Set<ObjectKind> = Set(ObjectKind.allCases)) {
        self.expectedKinds = kinds
    }

    /// Every expected kind has been listed once. Stays true through later resets: what is known is
    /// kept until the new list is complete.
    public var isSynced: Bool { syncedKinds.isSuperset(of: expectedKinds) }

    /// Applies events in order. O(log n) an event; `synced` after `reset` walks that kind once.
    public mutating func apply(_ events: some Sequence<StoreEvent>) -> DirtyKeys {
        var dirty = DirtyKeys()
        for event in events { apply(event, &dirty) }
        return dirty
    }

    private mutating func apply(_ event: StoreEvent, _ dirty: inout DirtyKeys) {
        switch event {
        case .set(let object):
            let key = object.metadata.key
            relisted[object.kind]?.insert(key)
            set(object, key, &dirty)
        case .keep(let reference):
            relisted[reference.kind]?.insert(reference.key)
        case .delete(let reference):
            relisted[reference.kind]?.remove(reference.key)
            delete(reference, &dirty)
        case .reset(let kind):
            relisted[kind] = snapshot.isEmpty(of: kind) ? nil : []
            if let since = sources[kind].since { sources[kind] = .resynchronising(since: since) }
        case .synced(let kind):
            if let seen = relisted.removeValue(forKey: kind) {
                for key in snapshot.keys(of: kind) where !seen.contains(key) {
                    delete(ObjectReference(kind: kind, key: key), &dirty)
                }
            }
            syncedKinds.insert(kind)
            sources[kind] = .connected
        case .source(let state, let kind):
            sources[kind] = state
        }
    }

    private mutating func set(_ object: KubernetesObject, _ key: ObjectKey, _ dirty: inout DirtyKeys) {
        switch object {
        case .service(let new):
            guard snapshot.services[key] != new else { return }
            snapshot.services.set(key, to: object)
            dirty.services.insert(key)
        case .endpointSlice(let new):
            let old = snapshot.endpointSlices[key]
            guard old != new else { return }
            snapshot.endpointSlices.set(key, to: object)
            reindex(slice: key, from: old?.serviceKey, to: new.serviceKey, &dirty)
        case .pod(let new):
            guard snapshot.pods[key] != new else { return }
            snapshot.pods.set(key, to: object)
        case .endpoints(let new):
            guard snapshot.endpoints[key] != new else { return }
            snapshot.endpoints.set(key, to: object)
        case .node(let new):
            guard snapshot.nodes[key] != new else { return }
            snapshot.nodes.set(key, to: object)
        case .namespace(let new):
            guard snapshot.namespaces[key] != new else { return }
            snapshot.namespaces.set(key, to: object)
        case .serviceCIDR(let new):
            guard snapshot.serviceCIDRs[key] != new else { return }
            snapshot.serviceCIDRs.set(key, to: object)
        }
        dirty.objects.insert(ObjectReference(kind: object.kind, key: key))
    }

    private mutating func delete(_ reference: ObjectReference, _ dirty: inout DirtyKeys) {
        let key = reference.key
        guard let old = snapshot[reference] else { return }
        switch old {
        case .service:
            snapshot.services[key] = nil
            dirty.services.insert(key)
        case .endpointSlice(let slice):
            snapshot.endpointSlices[key] = nil
            reindex(slice: key, from: slice.serviceKey, to: nil, &dirty)
        case .pod: snapshot.pods[key] = nil
        case .endpoints: snapshot.endpoints[key] = nil
        case .node: snapshot.nodes[key] = nil
        case .namespace: snapshot.namespaces[key] = nil
        case .serviceCIDR: snapshot.serviceCIDRs[key] = nil
        }
        dirty.objects.insert(reference)
    }

    private mutating func reindex(
        slice: ObjectKey, from old: ObjectKey?, to new: ObjectKey?, _ dirty: inout DirtyKeys
    ) {
        if let old { dirty.services.insert(old) }
        if let new { dirty.services.insert(new) }
        guard old != new else { return }
        if let old, var names = snapshot.sliceNamesByService[old] {
            names.removeAll { $0 == slice.name }
            snapshot.sliceNamesByService[old] = names.isEmpty ? nil : names
        }
        if let new {
            var names = snapshot.sliceNamesByService[new] ?? []
            names.insert(slice.name, at: names.firstIndex { $0 > slice.name } ?? names.endIndex)
            snapshot.sliceNamesByService[new] = names
        }
    }
}
