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
        var slices = names == nil ? ["!\(LabelKey.headless)"] : []
        if endpoints == .fromPods {
            slices.append("\(LabelKey.managedBy)!=\(SliceManager.controller)")
            // Zones of endpoints are those of their Nodes; Endpoints of Services without selector are mirrored here.
            (kinds.selections[.pod], kinds.selections[.node], kinds.selections[.endpoints]) = (
                Selection(), Selection(), Selection()
            )
        }
        kinds.selections[.endpointSlice] = Selection(labels: slices.joined(separator: ","))
        kinds.expected = Set(kinds.selections.keys).subtracting([.serviceCIDR])
        if let names { kinds.add(names, nodeName: nodeName) }
        return kinds
    }

    /// The kinds of `fairway dns`.
    static func names(_ needs: NameNeeds, nodeName: String, endpoints: ClusterFeed.Endpoints) -> WatchedKinds {
        var kinds = WatchedKinds()
        (kinds.selections[.service], kinds.selections[.endpointSlice], kinds.selections[.serviceCIDR]) = (
            Selection(), Selection(), Selection()
        )
        if endpoints == .fromPods {
            kinds.selections[.endpointSlice] = Selection(labels: "\(LabelKey.managedBy)!=\(SliceManager.controller)")
            (kinds.selections[.pod], kinds.selections[.node], kinds.selections[.endpoints]) = (
                Selection(), Selection(), Selection()
            )
        }
        kinds.add(needs, nodeName: nodeName)
        kinds.expected = Set(kinds.selections.keys).subtracting([.serviceCIDR])
        return kinds
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
