internal import KubernetesModel
internal import ObjectStore

/// From changed objects to the Services they concern.
extension EndpointSliceController {
    mutating func note(nodes changed: [ObjectKey], _ snapshot: ClusterSnapshot, _ work: inout PendingWork) {
        var isCapacityChanged = false
        for key in changed {
            let node = snapshot.nodes[key]
            if capacities.set(key.name, to: node) { isCapacityChanged = true }
            guard nodes.set(key.name, to: node) else { continue }
            for pod in index.pods(ofNode: key.name) {
                work.note(pod: index[pod: pod].key.name, of: index[pod: pod].services)
            }
        }
        guard isCapacityChanged else { return }
        for service in topologyServices { work.noteHints(service) }
    }

    mutating func note(services changed: [ObjectKey], _ snapshot: ClusterSnapshot, _ work: inout PendingWork) {
        for key in changed {
            if let service = snapshot.services[key] {
                let makesSlices = SliceReconciler.makesSlices(for: service)
                let id = index.setService(key, selector: makesSlices ? service.spec.selector : [:])
                if makesSlices && service.asksForTopologyHints {
                    topologyServices.insert(id)
                } else {
                    topologyServices.remove(id)
                }
                work.noteAll(id)
            } else if let id = index.removeService(key) {
                work.services[id] = nil
                topologyServices.remove(id)
                hintRefusals[key] = nil
                let wasKept = forgetKept(id, namespace: key.namespace)
                // Kept slices are the folder's own, and go when the folder says so.
                if options.deletesSlicesOfDeletedServices && !wasKept { work.deletedServices.append(key) }
            }
            work.mirrors.insert(key)
        }
    }

    mutating func note(pods changed: [ObjectKey], _ snapshot: ClusterSnapshot, _ work: inout PendingWork) {
        for key in changed {
            guard let pod = snapshot.pods[key] else {
                if let known = index.id(ofPod: key), index[pod: known].lacksAddress {
                    statistics.podsWithoutAddress -= 1
                }
                if let gone = index.removePod(key) { work.note(pod: key.name, of: gone.touched) }
                continue
            }
            if populatedNamespaces.insert(key.namespace).inserted {
                for service in kept.removeValue(forKey: key.namespace) ?? [] { work.noteAll(service) }
            }
            let (id, touched) = index.setPod(key, labels: pod.metadata.labels, nodeName: pod.nodeName)
            let isNewTransition = index[pod: id].readyTransitionTime != pod.readyTransitionTime
            index[pod: id].readyTransitionTime = pod.readyTransitionTime
            let lacksAddress = pod.podIPs.isEmpty && pod.phase != .succeeded && pod.phase != .failed
            if index[pod: id].lacksAddress != lacksAddress {
                index[pod: id].lacksAddress = lacksAddress
                statistics.podsWithoutAddress += lacksAddress ? 1 : -1
            }
            work.note(
                pod: key.name, of: touched, triggerTime: isNewTransition ? pod.readyTransitionTime : nil)
        }
    }

    /// A slice that is as this controller wrote it needs nothing. Any other managed slice that
    /// changed was written by someone else: its Service is compared whole.
    mutating func note(slices changed: [ObjectKey], _ snapshot: ClusterSnapshot, _ work: inout PendingWork) {
        for key in changed {
            let slice = snapshot.endpointSlices[key]
            if let wanted = expected.removeValue(forKey: key), wanted == slice { continue }
            var services: Set<ObjectKey> = []
            if let owner = owners.removeValue(forKey: key) { services.insert(owner) }
            if let slice, let service = slice.serviceKey,
                SliceReconciler.isManaged(slice) || MirrorReconciler.isManaged(slice)
            {
                owners[key] = service
                services.insert(service)
            }
            for service in services {
                if let id = index.id(ofService: service) { work.noteAll(id) }
                work.mirrors.insert(service)
            }
        }
    }

    func note(overwritten slices: [EndpointSlice], _ work: inout PendingWork) {
        for slice in slices {
            guard let time = slice.metadata.annotations[AnnotationKey.lastChangeTriggerTime].flatMap({ Timestamp($0) }),
                let service = slice.serviceKey, let id = index.id(ofService: service)
            else { continue }
            work.note(triggerTime: time, of: id)
        }
    }
}
