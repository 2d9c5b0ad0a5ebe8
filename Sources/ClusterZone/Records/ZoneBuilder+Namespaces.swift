internal import DNSWire
internal import KubernetesModel
internal import ObjectStore

extension ZoneBuilder {
    /// Kinds whose objects show that their namespace is there.
    private static let namespacedKinds = ObjectKind.allCases.filter(\.isNamespaced)

    /// Counts the objects that came and went, and writes the nodes of namespaces that appear or go.
    mutating func updateNamespaces(_ dirty: Set<ObjectReference>, _ step: inout ZoneStep) {
        if step.isFirst {
            for key in step.new.namespaces.keys { declare(key, &step) }
            for kind in Self.namespacedKinds {
                for key in step.new.keys(of: kind) { count(ObjectReference(kind: kind, key: key), 1, &step) }
            }
        } else {
            for reference in dirty { count(reference, &step) }
        }
        for (number, existed) in step.namespacesBefore.sorted(by: { $0.key < $1.key }) {
            guard existed != namespaces.exists(number), let name = namespaces.name(number) else { continue }
            put(namespace: name, exists: !existed, &step)
        }
    }

    private mutating func put(namespace: String, exists: Bool, _ step: inout ZoneStep) {
        let nodes = [names.services(in: namespace), names.pods(in: namespace)]
        if exists {
            step.change.nodes += nodes.lazy.compactMap(\.self).map { ZoneNode(name: $0) }
        } else {
            step.change.removed += nodes.lazy.compactMap(\.self)
        }
        omittedNames += nodes.count(where: { $0 == nil }) * (exists ? 1 : -1)
    }

    private mutating func count(_ reference: ObjectReference, _ step: inout ZoneStep) {
        if reference.kind == .namespace { return declare(reference.key, &step) }
        guard reference.kind.isNamespaced else { return }
        let (was, isNow) = (step.old.contains(reference), step.new.contains(reference))
        if was != isNow { count(reference, isNow ? 1 : -1, &step) }
    }

    private mutating func count(_ reference: ObjectReference, _ difference: Int, _ step: inout ZoneStep) {
        guard let number = touch(reference.key.namespace, &step) else { return }
        namespaces[number].objects += difference
        if reference.kind == .service {
            namespaces.countService(reference.key.name, in: number, exists: difference > 0)
        }
    }

    private mutating func declare(_ key: ObjectKey, _ step: inout ZoneStep) {
        guard let number = touch(key.name, &step) else { return }
        namespaces[number].isDeclared = step.new.namespaces[key] != nil
    }

    /// The number of a namespace that something happens to; nil for those the filter keeps out.
    private mutating func touch(_ name: String, _ step: inout ZoneStep) -> Int32? {
        guard namespaces.isServed(name) else { return nil }
        let number = namespaces.insert(name)
        if step.namespacesBefore[number] == nil { step.namespacesBefore[number] = namespaces.exists(number) }
        return number
    }

    /// The namespace existed before this step.
    func existed(_ namespace: String, _ step: ZoneStep) -> Bool {
        guard let number = namespaces.number(of: namespace) else { return false }
        return step.namespacesBefore[number] ?? namespaces.exists(number)
    }
}

extension ClusterSnapshot {
    fileprivate func contains(_ reference: ObjectReference) -> Bool {
        switch reference.kind {
        case .service: services[reference.key] != nil
        case .pod: pods[reference.key] != nil
        case .endpoints: endpoints[reference.key] != nil
        case .endpointSlice: endpointSlices[reference.key] != nil
        case .node: nodes[reference.key] != nil
        case .namespace: namespaces[reference.key] != nil
        case .serviceCIDR: serviceCIDRs[reference.key] != nil
        }
    }
}
