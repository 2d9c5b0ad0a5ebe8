internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore

extension ZoneBuilder {
    /// Keeps who has which pod address, and writes the addresses whose namespaces differ.
    ///
    /// A namespace that appears after its pods, or goes before them, costs a walk over all pods: a source that
    /// tells namespaces apart from objects tells them in the other order.
    mutating func updatePods(_ dirty: Set<ObjectReference>, _ step: inout ZoneStep) {
        guard settings.podNames == .verified else { return }
        var before: [IPAddress: [String]] = [:]
        rememberFlipped(&before, step)
        if step.isFirst {
            for key in step.new.pods.keys { updatePod(key, &before, step) }
        } else {
            for reference in dirty where reference.kind == .pod { updatePod(reference.key, &before, step) }
        }
        for (address, old) in before {
            let new = podNamespaces(of: address) { namespaces.exists($0) }
            if new != old { step.change.podNamespaces[address] = new }
        }
    }

    /// Takes note of the addresses in namespaces that appear or go though they have pods.
    private func rememberFlipped(_ before: inout [IPAddress: [String]], _ step: ZoneStep) {
        var flipped: Set<String> = []
        for (number, existed) in step.namespacesBefore where existed != namespaces.exists(number) {
            if namespaces[number].podAddresses > 0, let name = namespaces.name(number) { flipped.insert(name) }
        }
        guard !flipped.isEmpty else { return }
        for pod in step.old.pods.values where flipped.contains(pod.metadata.namespace) {
            for address in pod.liveAddresses { remember(address, &before, step) }
        }
    }

    private func remember(_ address: IPAddress, _ before: inout [IPAddress: [String]], _ step: ZoneStep) {
        guard before[address] == nil else { return }
        before[address] = podNamespaces(of: address) { number in
            step.namespacesBefore[number] ?? namespaces.exists(number)
        }
    }

    private mutating func updatePod(_ key: ObjectKey, _ before: inout [IPAddress: [String]], _ step: ZoneStep) {
        let old = step.old.pods[key]?.liveAddresses ?? []
        let new = step.new.pods[key]?.liveAddresses ?? []
        guard old != new, let number = namespaces.number(of: key.namespace) else { return }
        for address in old + new { remember(address, &before, step) }
        for address in old { podClaims.remove(number, from: address) }
        for address in new { podClaims.add(number, to: address) }
        namespaces[number].podAddresses += new.count - old.count
    }

    /// Sorted, each once.
    private func podNamespaces(of address: IPAddress, where exists: (Int32) -> Bool) -> [String] {
        podClaims.claimants(of: address).filter(exists).compactMap(namespaces.name).sortedDistinct()
    }
}

extension Pod {
    /// Every address of a pod that runs or is about to; none of one that is done, lost or being deleted.
    fileprivate var liveAddresses: [IPAddress] {
        guard metadata.deletionTimestamp == nil else { return [] }
        switch phase {
        case .pending, .running: return podIPs.sortedDistinct()
        case .succeeded, .failed, .unknown: return []
        }
    }
}
