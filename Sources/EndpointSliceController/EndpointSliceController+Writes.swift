internal import KubernetesModel
internal import ObjectStore

/// From Services to decide anew to the slices to write.
extension EndpointSliceController {
    /// In the order of keys, so that equal input gives equal names and events.
    mutating func perform(_ work: PendingWork, _ snapshot: ClusterSnapshot) -> [StoreEvent] {
        var events: [StoreEvent] = []
        for key in work.deletedServices.sorted() {
            let slices = snapshot.slices(ofService: key).filter(SliceReconciler.isManaged)
            write(SliceChanges(delete: slices.map(\.metadata.key)), owner: key, &events)
        }
        let services = work.services.map { (key: index[service: $0.key].key, id: $0.key, extent: $0.value) }
        for item in services.sorted(by: { $0.key < $1.key }) {
            write(changes(of: item.id, item.key, item.extent, snapshot), owner: item.key, &events)
        }
        for key in work.mirrors.sorted() {
            write(mirrorChanges(key, snapshot), owner: key, &events)
        }
        return events
    }

    private mutating func changes(
        of id: ServiceID, _ key: ObjectKey, _ extent: PendingWork.Extent, _ snapshot: ClusterSnapshot
    ) -> SliceChanges {
        hintRefusals[key] = nil
        guard let service = snapshot.services[key], SliceReconciler.makesSlices(for: service) else {
            forgetKept(id, namespace: key.namespace)
            return SliceChanges()
        }
        let existing = snapshot.slices(ofService: key)
        if keeps(existing, namespace: key.namespace) {
            kept[key.namespace, default: []].insert(id)
            return SliceChanges()
        }
        forgetKept(id, namespace: key.namespace)
        var extent = extent
        if !index[service: id].isExported {
            // The first slices are as late as the Service is old.
            extent.isAll = true
            extent.triggerTime = service.metadata.creationTimestamp
            index[service: id].isExported = true
        }
        let names =
            extent.isAll
            ? index[service: id].pods.map { index[pod: $0].key.name }
            : extent.podNames.filter { isMember($0, of: id, namespace: key.namespace) }
        let pods = names.sorted().compactMap { snapshot.pods[ObjectKey(namespace: key.namespace, name: $0)] }
        let expected = expected
        let changes = reconciler.reconcile(
            service: service, pods: pods, scope: extent.isAll ? .all : .pods(extent.podNames), existing: existing,
            nodes: nodes, capacities: capacities, triggerTime: extent.triggerTime,
            isNameTaken: { Self.isTaken($0, key.namespace, expected, snapshot) })
        if !changes.hintRefusals.isEmpty { hintRefusals[key] = changes.hintRefusals }
        return changes
    }

    @discardableResult
    mutating func forgetKept(_ id: ServiceID, namespace: String) -> Bool {
        let wasKept = kept[namespace]?.remove(id) != nil
        if kept[namespace]?.isEmpty == true { kept[namespace] = nil }
        return wasKept
    }

    private func isMember(_ podName: String, of service: ServiceID, namespace: String) -> Bool {
        guard let pod = index.id(ofPod: ObjectKey(namespace: namespace, name: podName)) else { return false }
        return index[service: service].pods.contains(pod)
    }

    /// Slices with endpoints in a namespace of which no pod was ever seen.
    private func keeps(_ existing: [EndpointSlice], namespace: String) -> Bool {
        options.keepsSlicesOfUnknownPods && !populatedNamespaces.contains(namespace)
            && existing.contains { SliceReconciler.isManaged($0) && !$0.endpoints.isEmpty }
    }

    private mutating func mirrorChanges(_ key: ObjectKey, _ snapshot: ClusterSnapshot) -> SliceChanges {
        let endpoints = snapshot.endpoints[key]
        if endpoints != nil { mirroredEndpoints.insert(key) }
        let service = snapshot.services[key]
        if let service, service.spec.type == .externalName || !service.spec.selector.isEmpty {
            // Made from pods, or a name elsewhere: what was mirrored before stays as it is.
            return SliceChanges()
        }
        let existing = snapshot.slices(ofService: key)
        if let endpoints, service != nil, endpoints.metadata.isMirrored {
            let expected = expected
            return mirror.reconcile(endpoints, existing: existing) {
                Self.isTaken($0, key.namespace, expected, snapshot)
            }
        }
        guard mirroredEndpoints.contains(key) else { return SliceChanges() }
        if endpoints == nil { mirroredEndpoints.remove(key) }
        return SliceChanges(delete: existing.filter(MirrorReconciler.isManaged).map(\.metadata.key))
    }

    private static func isTaken(
        _ name: String, _ namespace: String, _ expected: [ObjectKey: EndpointSlice?], _ snapshot: ClusterSnapshot
    ) -> Bool {
        let key = ObjectKey(namespace: namespace, name: name)
        return expected[key] != nil || snapshot.endpointSlices[key] != nil
    }

    private mutating func write(_ changes: SliceChanges, owner: ObjectKey, _ events: inout [StoreEvent]) {
        guard !changes.isEmpty else { return }
        statistics.slicesCreated += changes.create.count
        statistics.slicesUpdated += changes.update.count
        statistics.slicesDeleted += changes.delete.count
        for slice in changes.create + changes.update {
            let key = slice.metadata.key
            expected[key] = slice
            owners[key] = owner
            events.append(.set(.endpointSlice(slice)))
        }
        for key in changes.delete {
            expected[key] = .some(nil)
            owners[key] = nil
            events.append(.delete(ObjectReference(kind: .endpointSlice, key: key)))
        }
    }
}
