internal import KubernetesClient
internal import KubernetesModel

/// Which objects of the cluster are wanted from the API: only what is used is listed and watched, for each node asks.
struct WatchedKinds: Sendable, Hashable {
    var selections: [ObjectKind: Selection] = [:]

    /// What must be known before anything is decided. Not what only names need: Services are carried without, and not
    /// ServiceCIDRs: servers before Kubernetes 1.33 have none.
    private(set) var expected: Set<ObjectKind> = []
    /// What must be known beside that before names are answered.
    private(set) var expectedForNames: Set<ObjectKind> = []

    /// The kinds of a node daemon: as kube-proxy watches them (service-proxy reference 1.1), and more where names are answered.
    static func node(named nodeName: String, endpoints: ClusterFeed.Endpoints, names: NameNeeds?) -> WatchedKinds {
        var kinds = WatchedKinds()
        // Headless Services, and those of another proxy, have names all the same.
        kinds.selections[.service] =
            names == nil
            ? Selection(labels: "!\(LabelKey.serviceProxyName)", fields: "spec.clusterIP!=None") : Selection()
        kinds.selections[.serviceCIDR] = Selection()
        kinds.selections[.node] = Selection(fields: "metadata.name=\(nodeName)")
        kinds.addEndpoints(endpoints, sliceLabels: names == nil ? ["!\(LabelKey.headless)"] : [])
        kinds.expected = Set(kinds.selections.keys).subtracting([.serviceCIDR])
        if let names { kinds.add(names, nodeName: nodeName) }
        return kinds
    }

    /// The kinds of `fairway dns`.
    static func names(_ needs: NameNeeds, nodeName: String, endpoints: ClusterFeed.Endpoints) -> WatchedKinds {
        var kinds = WatchedKinds()
        (kinds.selections[.service], kinds.selections[.serviceCIDR]) = (Selection(), Selection())
        kinds.addEndpoints(endpoints, sliceLabels: [])
        kinds.add(needs, nodeName: nodeName)
        kinds.expected = Set(kinds.selections.keys).subtracting([.serviceCIDR])
        return kinds
    }

    /// Slices with these labels, and what endpoints are made of where they are made here: then the cluster's own are passed over.
    private mutating func addEndpoints(_ endpoints: ClusterFeed.Endpoints, sliceLabels: [String]) {
        var labels = sliceLabels
        if endpoints == .fromPods {
            labels.append("\(LabelKey.managedBy)!=\(SliceManager.controller)")
            // Zones of endpoints are those of their Nodes; Endpoints of Services without selector are mirrored here.
            (selections[.pod], selections[.node], selections[.endpoints]) = (Selection(), Selection(), Selection())
        }
        selections[.endpointSlice] = Selection(labels: labels.joined(separator: ","))
    }

    private mutating func add(_ needs: NameNeeds, nodeName: String) {
        selections[.namespace] = Selection()
        expectedForNames.insert(.namespace)
        if needs != .servicesOnly { expectedForNames.insert(.pod) }
        guard selections[.pod] == nil else { return }
        switch needs {
        case .servicesOnly: break
        case .ownPods: selections[.pod] = Selection(fields: "spec.nodeName=\(nodeName)")
        case .allPods: selections[.pod] = Selection()
        }
    }

    /// What names need of pods.
    enum NameNeeds: Sendable, Hashable {
        case servicesOnly
        /// For the search path of this node's pods (`--dns-autopath`).
        case ownPods
        /// For `--dns-pods verified`.
        case allPods
    }
}

extension DNSConfiguration {
    /// What of the cluster's objects the names need.
    var nameNeeds: WatchedKinds.NameNeeds {
        if needsPods { return .allPods }
        return answersSearchPath ? .ownPods : .servicesOnly
    }
}
