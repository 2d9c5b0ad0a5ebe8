package import KubernetesModel
internal import NetworkTypes

/// Turns the hand-written Endpoints of a Service without a selector into EndpointSlices. Pure.
///
/// Follows the EndpointSlice mirroring controller of Kubernetes: one slice for each port set and
/// family, of which only the ready condition is set.
package struct MirrorReconciler: Sendable {
    /// Addresses of one subset that are mirrored; the ready ones come first. As in Kubernetes, which
    /// bounds what one object can make consumers hold.
    package static let maxAddressesPerSubset = 1000

    package init() {}

    /// Compares Endpoints and the slices mirrored from them.
    ///
    /// - Parameters:
    ///   - existing: slices labelled with the Service; those not mirrored are left alone.
    ///   - isNameTaken: whether a slice of this name exists in the namespace.
    /// - Complexity: O(addresses).
    package func reconcile(
        _ endpoints: Endpoints, existing: [EndpointSlice], isNameTaken: (String) -> Bool = { _ in false }
    ) -> SliceChanges {
        var mirrored = existing.filter(Self.isManaged)
        let labels = Self.labels(of: endpoints)
        let annotations = Self.annotations(of: endpoints)
        var namesInUse = Set(existing.map(\.metadata.name))
        var changes = SliceChanges()
        var missing: [Contents] = []

        for contents in Self.contents(of: endpoints) {
            let portSet = PortSet(contents.ports)
            let match = mirrored.firstIndex {
                $0.addressType == contents.addressType && PortSet($0.ports) == portSet
            }
            guard let match else {
                missing.append(contents)
                continue
            }
            let old = mirrored.remove(at: match)
            let new = contents.written(onto: old, labels, annotations)
            if new != old { changes.update.append(new) }
        }
        for contents in missing {
            // An address type cannot change, so that a slice is used again in its family only.
            if let spare = mirrored.firstIndex(where: { $0.addressType == contents.addressType }) {
                changes.update.append(contents.written(onto: mirrored.remove(at: spare), labels, annotations))
                continue
            }
            let name = SliceName.free(owner: endpoints.metadata.key, addressType: contents.addressType) {
                namesInUse.contains($0) || isNameTaken($0)
            }
            namesInUse.insert(name)
            let empty = EndpointSlice(
                metadata: Self.metadata(named: name, of: endpoints), addressType: contents.addressType)
            changes.create.append(contents.written(onto: empty, labels, annotations))
        }
        changes.delete = mirrored.map(\.metadata.key)
        return changes
    }

    /// The slice was mirrored from Endpoints.
    package static func isManaged(_ slice: EndpointSlice) -> Bool {
        slice.metadata.labels[LabelKey.managedBy] == SliceManager.mirroring
            && slice.metadata.deletionTimestamp == nil
    }
}

extension MirrorReconciler {
    private struct Contents {
        let addressType: EndpointSlice.AddressType
        let ports: [EndpointPort]
        var endpoints: [Endpoint]

        func written(
            onto slice: EndpointSlice, _ labels: [String: String], _ annotations: [String: String]
        ) -> EndpointSlice {
            var slice = slice
            slice.metadata.labels = labels
            slice.metadata.annotations = annotations
            slice.ports = ports
            slice.endpoints = endpoints
            return slice
        }
    }

    /// Subsets with the same ports are one; families are apart. In the order of the subsets.
    private static func contents(of endpoints: Endpoints) -> [Contents] {
        var all: [Contents] = []
        for subset in endpoints.subsets {
            let ports = subset.ports.map {
                EndpointPort(name: $0.name, protocol: $0.protocol, port: $0.port, appProtocol: $0.appProtocol)
            }
            let portSet = PortSet(ports)
            let addresses = subset.addresses.map { ($0, true) } + subset.notReadyAddresses.map { ($0, false) }
            for (address, isReady) in addresses.prefix(maxAddressesPerSubset) {
                let type = EndpointSlice.AddressType(address.ip.family)
                let endpoint = Endpoint(
                    addresses: [address.ip], ready: isReady, hostname: address.hostname,
                    nodeName: address.nodeName, targetRef: address.targetRef)
                if let index = all.firstIndex(where: { $0.addressType == type && PortSet($0.ports) == portSet }) {
                    all[index].endpoints.append(endpoint)
                } else {
                    all.append(Contents(addressType: type, ports: ports, endpoints: [endpoint]))
                }
            }
        }
        for index in all.indices { all[index].endpoints = withoutRepeats(all[index].endpoints) }
        return all
    }

    /// An address counts once; the first, which is ready if any is, stays. At most the 1000
    /// endpoints that the API allows in a slice.
    private static func withoutRepeats(_ endpoints: [Endpoint]) -> [Endpoint] {
        var seen = Set<IPAddress>()
        let ready = endpoints.filter(\.isReady) + endpoints.filter { !$0.isReady }
        return Array(ready.filter { $0.addresses.first.map { seen.insert($0).inserted } ?? false }
            .prefix(maxAddressesPerSubset))
    }

    private static func labels(of endpoints: Endpoints) -> [String: String] {
        var labels = endpoints.metadata.labels
        labels[LabelKey.serviceName] = endpoints.metadata.name
        labels[LabelKey.managedBy] = SliceManager.mirroring
        return labels
    }

    /// All but what says when these Endpoints changed and what somebody applied.
    private static func annotations(of endpoints: Endpoints) -> [String: String] {
        var annotations = endpoints.metadata.annotations
        annotations[AnnotationKey.lastChangeTriggerTime] = nil
        annotations[AnnotationKey.lastAppliedConfiguration] = nil
        return annotations
    }

    private static func metadata(named name: String, of endpoints: Endpoints) -> ObjectMeta {
        ObjectMeta(
            name: name, namespace: endpoints.metadata.namespace, generateName: "\(endpoints.metadata.name)-",
            ownerReferences: [
                OwnerReference(
                    apiVersion: "v1", kind: "Endpoints", name: endpoints.metadata.name,
                    uid: endpoints.metadata.uid, controller: true, blockOwnerDeletion: true)
            ])
    }
}
