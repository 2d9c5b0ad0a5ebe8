internal import KubernetesModel

/// Which pods each Service selects, kept up to date one object at a time.
///
/// A Service is found by one label of its selector, the one that fewest others are found by; a pod
/// looks up its own labels and tests the rest of each selector. What a change costs is the labels
/// it names and the memberships it touches, never the number of Services or pods. Holds keys and
/// numbers, no objects.
struct SelectorIndex {
    struct PodEntry {
        var key: ObjectKey
        var labels: [LabelPairID] = []
        var services: [ServiceID] = []
        var nodeName = ""
        var readyTransitionTime: Timestamp?
        var lacksAddress = false
    }

    struct ServiceEntry {
        var key: ObjectKey
        var selector: [LabelPairID] = []
        var lookup: LabelPairID?
        var pods: Set<PodID> = []
        /// Its slices have been decided once.
        var isExported = false
    }

    private var labels = LabelPairTable()
    private var podIDs: [ObjectKey: PodID] = [:]
    private var serviceIDs: [ObjectKey: ServiceID] = [:]
    private var pods: [PodEntry] = []
    private var services: [ServiceEntry] = []
    private var freePods: [PodID] = []
    private var freeServices: [ServiceID] = []
    private var podsByNode: [String: Set<PodID>] = [:]

    var podCount: Int { podIDs.count }
    var serviceCount: Int { serviceIDs.count }

    func id(ofService key: ObjectKey) -> ServiceID? { serviceIDs[key] }
    func id(ofPod key: ObjectKey) -> PodID? { podIDs[key] }
    func pods(ofNode name: String) -> Set<PodID> { podsByNode[name] ?? [] }

    subscript(pod id: PodID) -> PodEntry {
        get { pods[Int(id)] }
        _modify { yield &pods[Int(id)] }
    }

    subscript(service id: ServiceID) -> ServiceEntry {
        get { services[Int(id)] }
        _modify { yield &services[Int(id)] }
    }

    // MARK: Services

    /// Notes a Service and its selector; finds its pods when the selector is new. O(pods that
    /// carry the rarest label of the selector).
    mutating func setService(_ key: ObjectKey, selector: [String: String]) -> ServiceID {
        let id: ServiceID
        if let known = serviceIDs[key] {
            id = known
            if labels.known(selector, namespace: key.namespace) == services[Int(id)].selector { return id }
            detach(id)
        } else {
            id = services.place(ServiceEntry(key: key), free: &freeServices)
            serviceIDs[key] = id
        }
        attach(id, labels.take(selector, namespace: key.namespace))
        return id
    }

    mutating func removeService(_ key: ObjectKey) -> ServiceID? {
        guard let id = serviceIDs.removeValue(forKey: key) else { return nil }
        detach(id)
        services[Int(id)] = ServiceEntry(key: ObjectKey(namespace: "", name: ""))
        freeServices.append(id)
        return id
    }

    private mutating func attach(_ id: ServiceID, _ selector: [LabelPairID]) {
        services[Int(id)].selector = selector
        guard !selector.isEmpty else { return }
        let lookup = selector.min {
            let (a, b) = (labels.entries[Int($0)], labels.entries[Int($1)])
            return (a.services.count, a.pods.count, a.pair.key) < (b.services.count, b.pods.count, b.pair.key)
        }
        services[Int(id)].lookup = lookup
        if let lookup { labels[lookup].services.append(id) }
        guard let rarest = selector.min(by: { labels.entries[Int($0)].pods.count < labels.entries[Int($1)].pods.count })
        else { return }
        for pod in labels.entries[Int(rarest)].pods where Self.matches(selector, pods[Int(pod)].labels) {
            services[Int(id)].pods.insert(pod)
            pods[Int(pod)].services.append(id)
        }
    }

    private mutating func detach(_ id: ServiceID) {
        if let lookup = services[Int(id)].lookup { labels[lookup].services.removeAll { $0 == id } }
        for pod in services[Int(id)].pods { pods[Int(pod)].services.removeAll { $0 == id } }
        labels.release(services[Int(id)].selector)
        services[Int(id)].selector = []
        services[Int(id)].lookup = nil
        services[Int(id)].pods = []
    }

    // MARK: Pods

    /// Notes a pod's labels and node.
    ///
    /// - Returns: its number, and the Services that select it now or did before.
    mutating func setPod(
        _ key: ObjectKey, labels new: [String: String], nodeName: String
    ) -> (id: PodID, touched: [ServiceID]) {
        let id: PodID
        if let known = podIDs[key] {
            id = known
        } else {
            id = pods.place(PodEntry(key: key), free: &freePods)
            podIDs[key] = id
        }
        move(id, toNode: nodeName)
        let before = pods[Int(id)].services
        if labels.known(new, namespace: key.namespace) == pods[Int(id)].labels { return (id, before) }
        relabel(id, labels.take(new, namespace: key.namespace))
        let after = pods[Int(id)].services
        return (id, before.isEmpty ? after : before + after.filter { !before.contains($0) })
    }

    /// - Returns: the pod's name and the Services that selected it.
    mutating func removePod(_ key: ObjectKey) -> (id: PodID, touched: [ServiceID])? {
        guard let id = podIDs.removeValue(forKey: key) else { return nil }
        let touched = pods[Int(id)].services
        relabel(id, [])
        move(id, toNode: "")
        pods[Int(id)] = PodEntry(key: ObjectKey(namespace: "", name: ""))
        freePods.append(id)
        return (id, touched)
    }

    private mutating func relabel(_ id: PodID, _ new: [LabelPairID]) {
        let old = pods[Int(id)].labels
        for label in old { labels[label].pods.remove(id) }
        for label in new { labels[label].pods.insert(id) }
        labels.release(old)
        pods[Int(id)].labels = new

        var now: [ServiceID] = []
        for label in new {
            for service in labels.entries[Int(label)].services
            where Self.matches(services[Int(service)].selector, new) {
                now.append(service)
            }
        }
        for service in pods[Int(id)].services where !now.contains(service) { services[Int(service)].pods.remove(id) }
        for service in now { services[Int(service)].pods.insert(id) }
        pods[Int(id)].services = now
    }

    private mutating func move(_ id: PodID, toNode name: String) {
        let old = pods[Int(id)].nodeName
        guard old != name else { return }
        if !old.isEmpty {
            podsByNode[old]?.remove(id)
            if podsByNode[old]?.isEmpty == true { podsByNode[old] = nil }
        }
        if !name.isEmpty { podsByNode[name, default: []].insert(id) }
        pods[Int(id)].nodeName = name
    }

    /// Every number of the selector is among the labels. Both rise.
    private static func matches(_ selector: [LabelPairID], _ labels: [LabelPairID]) -> Bool {
        var position = 0
        for wanted in selector {
            while position < labels.count, labels[position] < wanted { position += 1 }
            guard position < labels.count, labels[position] == wanted else { return false }
        }
        return true
    }
}
