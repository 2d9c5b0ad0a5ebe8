package import KubernetesModel
package import NetworkTypes

/// Decides the EndpointSlices of one Service with a selector. Pure: no I/O and no state.
///
/// Follows k8s.io/endpointslice: pods are grouped by the port list that named target ports resolve
/// to, each group is packed into slices of at most ``Options/maxEndpointsPerSlice``, and what is
/// already in a slice stays where it is.
package struct SliceReconciler: Sendable {
    /// What differs between a cluster's controller and a folder of manifests.
    package struct Options: Sendable, Hashable {
        /// Endpoints a slice holds at most; the API allows 1...1000, the field's default is 100.
        package var maxEndpointsPerSlice: Int
        /// A pod whose Node object is missing is no endpoint, unless not ready addresses are
        /// published. Off where Node objects are optional, as in a folder of manifests.
        package var skipsPodsOfUnknownNodes: Bool
        /// A managed slice whose owner is not this very Service is deleted, and another one made: it belongs to a Service
        /// of that name which is gone, and goes with it. Off where owners are optional, as in a folder of manifests.
        package var replacesSlicesOfOtherOwners: Bool
        /// Families of a Service that names none and has no address to tell them by.
        package var familiesWhenUnspecified: [IPFamily]

        /// - Parameter maxEndpointsPerSlice: brought into 1...1000.
        package init(
            maxEndpointsPerSlice: Int = 100, skipsPodsOfUnknownNodes: Bool = false,
            replacesSlicesOfOtherOwners: Bool = false, familiesWhenUnspecified: [IPFamily] = [.ipv4, .ipv6]
        ) {
            self.maxEndpointsPerSlice = min(max(maxEndpointsPerSlice, 1), 1000)
            self.skipsPodsOfUnknownNodes = skipsPodsOfUnknownNodes
            self.replacesSlicesOfOtherOwners = replacesSlicesOfOtherOwners
            self.familiesWhenUnspecified = familiesWhenUnspecified
        }
    }

    /// Which of the Service's endpoints are decided anew.
    package enum Scope: Sendable, Hashable {
        /// All of them: `pods` holds every matching pod, and an endpoint of no such pod goes.
        case all
        /// The endpoints of pods with these names: `pods` holds those of them that match, and all
        /// other endpoints are taken as right.
        case pods(Set<String>)
    }

    package var options: Options

    package init(options: Options = Options()) {
        self.options = options
    }

    /// Compares pods and slices.
    ///
    /// - Parameters:
    ///   - pods: the matching pods of the Service's namespace that `scope` names. New endpoints are
    ///     placed in this order.
    ///   - existing: slices labelled with the Service; those managed by someone else, or being
    ///     deleted, are left alone.
    ///   - capacities: the CPU of zones, for Services with the topology annotation.
    ///   - triggerTime: when the change behind this call happened, written onto changed slices.
    ///   - isNameTaken: whether a slice of this name exists in the Service's namespace.
    /// - Returns: nothing for a Service without a selector or of type ExternalName: its slices
    ///   belong to someone else.
    /// - Complexity: O(pods + endpoints of the existing slices).
    package func reconcile(
        service: Service, pods: [Pod], scope: Scope = .all, existing: [EndpointSlice],
        nodes: NodeZones = NodeZones(), capacities: ZoneCapacities = ZoneCapacities(), triggerTime: Timestamp? = nil,
        isNameTaken: (String) -> Bool = { _ in false }
    ) -> SliceChanges {
        guard Self.makesSlices(for: service) else { return SliceChanges() }
        var managed = existing.filter(Self.isManaged)
        let labels = Self.labels(of: service)
        let families = families(of: service)
        let ports = PodPorts(of: service)
        var changes = SliceChanges()
        var namesInUse = Set(existing.map(\.metadata.name))
        if options.replacesSlicesOfOtherOwners && scope == .all {
            // A part of the endpoints is decided among slices that have all been looked at like this.
            changes.delete += managed.filter { !Self.owns(service, $0) }.map(\.metadata.key)
            managed.removeAll { !Self.owns(service, $0) }
        }

        for family in families {
            let type = EndpointSlice.AddressType(family)
            var packing = SlicePacking(
                existing: managed.filter { $0.addressType == type }, labels: labels,
                limit: options.maxEndpointsPerSlice)
            let wanted = DesiredEndpoints(
                of: pods, service: service, family: family, ports: ports, nodes: nodes, options: options)
            packing.place(wanted, scope: scope)
            changes.hintRefusals[family] =
                packing.decideHints(wanted.hints, capacities) ?? HintPolicy.refusal(ofModeOf: service)
            let outcome = packing.outcome()
            changes.delete += outcome.delete
            changes.update += outcome.update.map { Self.stamped($0, triggerTime) }
            for contents in outcome.create {
                let name = SliceName.free(owner: service.metadata.key, addressType: type) {
                    namesInUse.contains($0) || isNameTaken($0)
                }
                namesInUse.insert(name)
                let slice = EndpointSlice(
                    metadata: Self.metadata(named: name, of: service, labels: labels, weights: contents.weights),
                    addressType: type, ports: contents.ports, endpoints: contents.endpoints)
                changes.create.append(Self.stamped(slice, triggerTime))
            }
        }
        if scope == .all {
            // The Service no longer has this family, and a slice's address type cannot change.
            let types = Set(families.map { EndpointSlice.AddressType($0) })
            changes.delete += managed.filter { !types.contains($0.addressType) }.map(\.metadata.key)
        }
        return changes
    }

    /// The Service's endpoints are made from pods: it has a selector and is no ExternalName.
    package static func makesSlices(for service: Service) -> Bool {
        service.spec.type != .externalName && !service.spec.selector.isEmpty
    }

    /// The slice is this controller's to change.
    package static func isManaged(_ slice: EndpointSlice) -> Bool {
        slice.metadata.labels[LabelKey.managedBy] == SliceManager.controller
            && slice.metadata.deletionTimestamp == nil
    }

    private static func owns(_ service: Service, _ slice: EndpointSlice) -> Bool {
        service.metadata.uid.isEmpty
            || slice.metadata.ownerReferences.contains { $0.controller && $0.uid == service.metadata.uid }
    }

    /// The families of a Service: as its spec says, else those of its addresses.
    func families(of service: Service) -> [IPFamily] {
        var families = service.spec.ipFamilies
        if families.isEmpty { families = service.spec.clusterAddresses.map(\.family) }
        if families.isEmpty { families = options.familiesWhenUnspecified }
        return IPFamily.allCases.filter(families.contains)
    }
}

extension EndpointSlice.AddressType {
    /// The address type of a family.
    init(_ family: IPFamily) {
        switch family {
        case .ipv4: self = .ipv4
        case .ipv6: self = .ipv6
        }
    }
}
