import BPFDataplane
import NetworkTypes
import ServiceTable

/// The maps in memory. Writes are made as the kernel makes them.
struct MapsModel {
    var state = BPFKernelState()

    mutating func apply(_ plan: BPFMapPlan) {
        for write in plan.writes { apply(write) }
        if let detect = plan.detect { state.detect = detect }
        for write in plan.reclaimed { apply(write) }
    }

    mutating func apply(_ write: BPFMapWrite) {
        switch write {
        case .set(let entry): set(entry)
        case .create(let entry): create(entry)
        case .remove(let key): remove(key)
        }
    }

    private mutating func set(_ entry: BPFMapEntry) {
        switch entry {
        case .frontend(let key, let value): state.frontends[key] = value
        case .backendSet(let key, let value): state.sets[key] = value
        case .slot(let key, let backend): state.slots[key] = backend
        case .backend(let id, let value): state.backends[id] = value
        case .load(let id): state.loads[id] = 0
        case .cursor(let key): state.cursors.insert(key)
        case .sibling(let key, let backend): state.siblings[key] = backend
        case .source(let key): state.sources.insert(key)
        case .nodePortAddress(let address): state.nodePortAddresses.insert(address)
        case .clusterIP(let address): state.clusterIPs.insert(address)
        case .serviceRange(let prefix): state.serviceRanges.insert(prefix)
        case .podRange(let prefix): state.podRanges.insert(prefix)
        }
    }

    private mutating func create(_ entry: BPFMapEntry) {
        if case .load(let id) = entry, state.loads[id] != nil { return }
        set(entry)
    }

    private mutating func remove(_ key: BPFMapKey) {
        switch key {
        case .frontend(let key): state.frontends[key] = nil
        case .backendSet(let key): state.sets[key] = nil
        case .slot(let key): state.slots[key] = nil
        case .backend(let id): state.backends[id] = nil
        case .load(let id): state.loads[id] = nil
        case .cursor(let key): state.cursors.remove(key)
        case .sibling(let key): state.siblings[key] = nil
        case .source(let key): state.sources.remove(key)
        case .nodePortAddress(let address): state.nodePortAddresses.remove(address)
        case .clusterIP(let address): state.clusterIPs.remove(address)
        case .serviceRange(let prefix): state.serviceRanges.remove(prefix)
        case .podRange(let prefix): state.podRanges.remove(prefix)
        case .counters(let id): state.counters.remove(id)
        }
    }
}

/// One packet to a frontend, as far as it matters.
struct ModelFlow: Hashable, CustomStringConvertible {
    enum Origin: CaseIterable { case pod, node, outside }
    let key: FrontendKey
    let origin: Origin
    let source: IPAddress
    var description: String { "\(source) (\(origin)) to \(key)" }

    static func all(_ keys: some Sequence<FrontendKey>) -> [ModelFlow] {
        keys.flatMap { key in
            let sources = key.family == .ipv4 ? ["10.244.0.9", "8.8.8.8"] : ["fd00:244::9", "fd08::8"]
            return Origin.allCases.flatMap { origin in
                sources.map { source in
                    ModelFlow(key: key, origin: origin, source: IPAddress(source) ?? IPAddress(v4: 0))
                }
            }
        }
    }
}

enum ModelAnswer: Hashable {
    case untouched
    case rejected
    case dropped
    case delivered(Set<String>, masqueraded: Bool)
    /// A set or a slot that is missing, a backend that is gone or takes nothing.
    case hole(String)
}

extension MapsModel {
    /// As the kernel's programs look it up.
    func answer(_ flow: ModelFlow) -> ModelAnswer {
        guard let frontend = state.frontends[flow.key] else { return unclaimed(flow) }
        if frontend.sources != 0 {
            let isAllowed = state.sources.contains { $0.sources == frontend.sources && $0.prefix.contains(flow.source) }
            if !isAllowed { return .dropped }
        }
        let verdict =
            switch flow.origin {
            case .pod: frontend.pod
            case .node: frontend.node
            case .outside: frontend.outside
            }
        switch verdict.verdict {
        case .reject: return .rejected
        case .drop: return .dropped
        case nil: return .hole("no verdict")
        case .balance(let scope, let masquerade):
            return delivered(BPFSetKey(service: frontend.service, scope: scope), masquerade)
        }
    }

    private func delivered(_ key: BPFSetKey, _ masquerade: Bool) -> ModelAnswer {
        guard let set = state.sets[key], set.slotCount > 0 else { return .hole("no set \(key)") }
        var ids: Set<UInt32> = []
        for index in 0..<set.slotCount {
            guard let id = state.slots[BPFSlotKey(table: set.table, index: index)] else { return .hole("no slot \(index) of \(set)") }
            ids.insert(id)
        }
        var places: Set<String> = []
        for id in ids {
            guard let backend = state.backends[id], state.loads[id] != nil else { return .hole("no backend \(id)") }
            if backend.service != key.service { return .hole("backend \(id) of another service") }
            if backend.weight == 0 || backend.flags.contains(.draining) { return .hole("backend \(id) takes nothing") }
            places.insert("\(backend.address) \(backend.port)")
        }
        return .delivered(places, masqueraded: masquerade)
    }

    private func unclaimed(_ flow: ModelFlow) -> ModelAnswer {
        guard case .address(let address) = flow.key.destination else { return .untouched }
        if state.clusterIPs.contains(address) { return .rejected }
        return state.serviceRanges.contains { $0.contains(address) } ? .dropped : .untouched
    }
}

/// What a table says.
struct TableAnswers {
    let table: ServiceTable
    private let owners: [FrontendKey: (ServicePort, Frontend)]
    private let clusterIPs: Set<IPAddress>

    init(_ table: ServiceTable) {
        self.table = table
        var owners: [FrontendKey: (ServicePort, Frontend)] = [:]
        var clusterIPs: Set<IPAddress> = []
        for port in table.values {
            for frontend in port.frontends {
                owners[frontend.key(in: port.key)] = (port, frontend)
                if frontend.kind == .clusterIP, case .address(let address) = frontend.destination { clusterIPs.insert(address) }
            }
        }
        self.owners = owners
        self.clusterIPs = clusterIPs
    }

    var keys: Set<FrontendKey> { Set(owners.keys) }
    func owner(_ key: FrontendKey) -> ServicePort? { owners[key]?.0 }

    func answer(_ flow: ModelFlow) -> ModelAnswer {
        guard let (port, frontend) = owners[flow.key] else { return unclaimed(flow) }
        if let allowed = frontend.allowedSources, !allowed.contains(where: { $0.contains(flow.source) }) { return .dropped }
        switch verdict(frontend, flow) {
        case .reject: return .rejected
        case .drop: return .dropped
        case .balance(let scope, let masquerade): return .delivered(Self.places(port, scope), masqueraded: masquerade)
        }
    }

    func verdict(_ frontend: Frontend, _ flow: ModelFlow) -> Verdict {
        switch flow.origin {
        case .pod: table.node.localDetector.tellsPods(of: flow.key.family) ? frontend.verdicts.pod : frontend.verdicts.outside
        case .node: frontend.verdicts.node
        case .outside: frontend.verdicts.outside
        }
    }

    static func places(_ port: ServicePort?, _ scope: BackendScope) -> Set<String> {
        Set((port?.backends(scope).backends ?? []).filter { $0.weight > 0 }.map { "\($0.address) \($0.port)" })
    }

    /// Of the scope that a flow's verdict names; empty where it is not balanced.
    func scope(_ flow: ModelFlow) -> BackendScope? {
        guard let (_, frontend) = owners[flow.key], case .balance(let scope, _) = verdict(frontend, flow) else { return nil }
        return scope
    }

    private func unclaimed(_ flow: ModelFlow) -> ModelAnswer {
        guard case .address(let address) = flow.key.destination else { return .untouched }
        if clusterIPs.contains(address) { return .rejected }
        return table.node.serviceRanges.contains { $0.contains(address) } ? .dropped : .untouched
    }
}
