package import NetworkTypes
package import ServiceTable

/// What the maps hold of one family, by service port.
struct KernelServices {
    private let kernel: BPFKernelState
    private let others: Set<UInt32>
    private var backends: [UInt32: [PortState.Place: PortState.KnownBackend]] = [:]
    private var siblings: [UInt32: [IPAddress: UInt32]] = [:]
    private var named: Set<UInt32> = []
    /// Of service ports that have frontends.
    private(set) var protocols: [UInt32: TransportProtocol] = [:]

    init(_ kernel: BPFKernelState, _ family: IPFamily, besides others: Set<UInt32>) {
        self.kernel = kernel
        self.others = others
        for (key, frontend) in kernel.frontends where key.family == family {
            protocols[frontend.service] = key.protocol
        }
        // Of two at one place the one that takes connections counts; a damaged map may have them.
        for (id, value) in kernel.backends.sorted(by: { Self.precedes($0, $1) }) where value.address.family == family {
            let place = PortState.Place(value)
            if backends[value.service]?[place] != nil { continue }
            backends[value.service, default: [:]][place] = PortState.KnownBackend(id: id, value: value)
            named.insert(id)
        }
        for (key, backend) in kernel.siblings { siblings[key.service, default: [:]][key.address] = backend }
    }

    private static func precedes(
        _ a: Dictionary<UInt32, BPFBackend>.Element, _ b: Dictionary<UInt32, BPFBackend>.Element
    ) -> Bool {
        let (aDrains, bDrains) = (a.value.flags.contains(.draining), b.value.flags.contains(.draining))
        return aDrains == bDrains ? a.key < b.key : bDrains
    }

    /// May be taken over by a service port of this family.
    func isOurs(_ service: UInt32) -> Bool { service != 0 && !others.contains(service) }

    /// The backend is the one that counts at its place.
    func adopted(_ id: UInt32) -> Bool { named.contains(id) }

    /// As if this process had written it.
    func state(_ service: UInt32) -> PortState {
        var state = PortState(service: service)
        state.backends = backends[service] ?? [:]
        state.siblings = siblings[service] ?? [:]
        for scope in [BackendScope.cluster, .local] {
            let key = BPFSetKey(service: service, scope: scope)
            if kernel.cursors.contains(key) { state.cursors.insert(scope) }
            guard let set = kernel.sets[key] else { continue }
            // A damaged map may name more than it has.
            let count = min(set.slotCount, UInt32(kernel.slots.count))
            let slots = (0..<count).map { kernel.slots[BPFSlotKey(table: set.table, index: $0)] ?? 0 }
            state.sets[scope] = PortState.KnownSet(value: set, slots: slots)
        }
        return state
    }
}

extension BPFKernelState {
    /// Ids of service ports of a family.
    func services(of family: IPFamily) -> Set<UInt32> {
        var result: Set<UInt32> = []
        for (key, frontend) in frontends where key.family == family { result.insert(frontend.service) }
        for backend in backends.values where backend.address.family == family { result.insert(backend.service) }
        return result
    }

    /// The order in which the sets hold the backends of this family's frontends. A Maglev table does not tell: then by id.
    package func order(_ family: IPFamily) -> AdoptedOrder {
        var order = AdoptedOrder()
        for (key, frontend) in frontends where key.family == family {
            if let backends = backends(of: BPFSetKey(service: frontend.service, scope: .cluster)) {
                order.cluster[key] = backends
            }
            if let backends = backends(of: BPFSetKey(service: frontend.service, scope: .local)) {
                order.local[key] = backends
            }
        }
        return order
    }

    private func backends(of key: BPFSetKey) -> [Backend]? {
        guard let set = sets[key] else { return nil }
        var seen: Set<UInt32> = []
        var ids: [UInt32] = []
        for index in 0..<min(set.slotCount, UInt32(slots.count)) {
            guard let id = slots[BPFSlotKey(table: set.table, index: index)], seen.insert(id).inserted else { continue }
            ids.append(id)
        }
        if set.scheduler.isMaglev { ids.sort() }
        return ids.compactMap { backends[$0] }.map { Backend(address: $0.address, port: $0.port, weight: $0.weight) }
    }
}

extension BPFSetKey: Comparable {
    package static func < (a: BPFSetKey, b: BPFSetKey) -> Bool {
        (a.service, a.scope.rawValue) < (b.service, b.scope.rawValue)
    }
}

extension BPFSlotKey: Comparable {
    package static func < (a: BPFSlotKey, b: BPFSlotKey) -> Bool { (a.table, a.index) < (b.table, b.index) }
}

extension BPFSiblingKey: Comparable {
    package static func < (a: BPFSiblingKey, b: BPFSiblingKey) -> Bool {
        (a.service, a.address) < (b.service, b.address)
    }
}
