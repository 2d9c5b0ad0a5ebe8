internal import KubernetesModel
internal import ObjectStore

/// From changed objects to the Services they concern.
extension EndpointSliceController {
    mutating func note(nodes changed: [ObjectKey], _ snapshot: ClusterSnapshot, _ work: inout PendingWork) {
        for key in changed where nodes.set(key.name, to: snapshot.nodes[key]) {
            for pod in index.pods(ofNode: key.name) {
                work.note(pod: index[pod: pod].key.name, of: index[pod: pod].services)
            }
        }
    }

    mutating func note(services changed: [ObjectKey], _ snapshot: ClusterSnapshot, _ work: inout PendingWork) {
        for key in changed {
            if let service = snapshot.services[key] {
                let selector = SliceReconciler.makesSlices(for: service) ? service.spec.selector : [:]
                work.noteAll(index.setService(key, selector: selector))
            } else if let id = index.removeService(key) {
                work.services[id] = nil
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
}
