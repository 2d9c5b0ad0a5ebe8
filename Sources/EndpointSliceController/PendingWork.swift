internal import KubernetesModel
internal import ObjectStore

/// Dirty keys by kind, those only that concern the controller.
struct ChangedKeys {
    var nodes: [ObjectKey] = []
    var services: [ObjectKey] = []
    var pods: [ObjectKey] = []
    var endpoints: [ObjectKey] = []
    var slices: [ObjectKey] = []

    init(_ dirty: DirtyKeys) {
        for reference in dirty.objects {
            switch reference.kind {
            case .node: nodes.append(reference.key)
            case .service: services.append(reference.key)
            case .pod: pods.append(reference.key)
            case .endpoints: endpoints.append(reference.key)
            case .endpointSlice: slices.append(reference.key)
            case .namespace, .serviceCIDR: break
            }
        }
    }

    init(everythingIn snapshot: ClusterSnapshot) {
        nodes = Array(snapshot.nodes.keys)
        services = Array(snapshot.services.keys)
        pods = Array(snapshot.pods.keys)
        endpoints = Array(snapshot.endpoints.keys)
        slices = Array(snapshot.endpointSlices.keys)
    }
}

/// What one batch of changes asks to be decided anew.
struct PendingWork {
    /// How much of one Service.
    struct Extent {
        var isAll = false
        var podNames: Set<String> = []
        /// The earliest change behind it that has a time.
        var triggerTime: Timestamp?

        mutating func note(pod name: String, triggerTime time: Timestamp?) {
            if !isAll { podNames.insert(name) }
            if let time { note(triggerTime: time) }
        }

        mutating func note(triggerTime time: Timestamp) {
            triggerTime = triggerTime.map { min($0, time) } ?? time
        }
    }

    var services: [ServiceID: Extent] = [:]
    /// Endpoints, or Services of their name, that changed.
    var mirrors: Set<ObjectKey> = []
    /// Services that are gone; their slices are, too.
    var deletedServices: [ObjectKey] = []

    mutating func noteAll(_ service: ServiceID) {
        services[service, default: Extent()].isAll = true
    }

    /// Decides the hints of a Service anew, and no endpoint.
    mutating func noteHints(_ service: ServiceID) {
        if services[service] == nil { services[service] = Extent() }
    }

    mutating func note(pod name: String, of touched: [ServiceID], triggerTime: Timestamp? = nil) {
        for service in touched {
            services[service, default: Extent()].note(pod: name, triggerTime: triggerTime)
        }
    }

    /// Of a Service that is decided anew whole.
    mutating func note(triggerTime time: Timestamp, of service: ServiceID) {
        services[service, default: Extent()].isAll = true
        services[service]?.note(triggerTime: time)
    }
}
