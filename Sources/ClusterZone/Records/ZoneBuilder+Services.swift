internal import DNSWire
internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore

extension ZoneBuilder {
    /// Compares a Service before and after, and writes what differs.
    mutating func updateService(_ key: ObjectKey, _ step: inout ZoneStep) {
        if key == settings.serverService { step.touchesServerService = true }
        let old = shape(of: key, in: step.old, existed(key.namespace, step))
        let new = shape(of: key, in: step.new, namespaces.exists(key.namespace))
        omittedNames += (new?.omittedNames ?? 0) - (old?.omittedNames ?? 0)
        ServiceShape.difference(from: old, to: new, into: &step.change)
        updatePointers(of: key, from: old, to: new, &step)
    }

    /// Nil where there is no such Service in the zone.
    func shape(of key: ObjectKey, in snapshot: ClusterSnapshot, _ namespaceExists: Bool) -> ServiceShape? {
        guard namespaceExists, let service = snapshot.services[key] else { return nil }
        guard settings.labels?.matches(service.metadata.labels) ?? true else { return nil }
        return ServiceShape(
            service, slices: snapshot.slices(ofService: key), namespace: names.services(in: key.namespace))
    }

    private mutating func updatePointers(
        of key: ObjectKey, from old: ServiceShape?, to new: ServiceShape?, _ step: inout ZoneStep
    ) {
        if let old, let new, old.hasSamePointers(as: new) { return }
        let before = old?.pointers ?? []
        let after = new?.pointers ?? []
        guard !before.isEmpty || !after.isEmpty else { return }
        let number = services.number(key)
        Merge.walk(before, after, by: { $0.address < $1.address }) { was, isNow in
            guard was != isNow, let address = (isNow ?? was)?.address else { return }
            if was == nil { claims.add(number, to: address) }
            if isNow == nil { claims.remove(number, from: address) }
            let others = claims.claimants(of: address)
            if others.isEmpty {
                step.change.pointers[address] = []
            } else if others == [number], let isNow, let new {
                step.change.pointers[address] = new.names(isNow).sortedByWire()
            } else {
                step.contested.insert(address)
            }
        }
        if after.isEmpty { services.remove(key) }
    }

    /// Writes the pointers of addresses that several Services have, or that went from one to another. Each Service
    /// concerned is looked at once, however many addresses it shares.
    func settleContested(_ step: inout ZoneStep) {
        var addressesByService: [Int32: [IPAddress]] = [:]
        var names: [IPAddress: [DomainName]] = [:]
        for address in step.contested {
            names[address] = []
            for number in claims.claimants(of: address) { addressesByService[number, default: []].append(address) }
        }
        for (number, addresses) in addressesByService {
            guard let key = services.key(number),
                let shape = shape(of: key, in: step.new, namespaces.exists(key.namespace))
            else { continue }
            let wanted = Set(addresses)
            for pointer in shape.pointers where wanted.contains(pointer.address) {
                names[pointer.address, default: []] += shape.names(pointer)
            }
        }
        for (address, all) in names { step.change.pointers[address] = all.sortedByWire() }
    }
}

extension [DomainName] {
    /// By the bytes in wire form: a stable order, of no other meaning.
    fileprivate func sortedByWire() -> [DomainName] {
        count < 2 ? self : sorted { $0.wire.lexicographicallyPrecedes($1.wire) }
    }
}
