internal import ServiceTable

/// How many entries the maps of Services may have. A hash map keeps 16 bytes of buckets for each, used or not, so that
/// they follow the table; twice what it needs leaves room to grow before all have to be made anew.
struct MapSizes: Sendable, Equatable {
    /// Beyond this many entries no map is made: 100 000 Services of 50 backends have 5 million.
    static let limit = 1 << 25
    /// As the C has them: 10 000 Services of 5 endpoints, and as many again.
    private static let least: [BPFMapName: Int] = [
        .frontends: 1 << 16, .backendSets: 1 << 16, .cursors: 1 << 14, .slots: 1 << 18, .backends: 1 << 17,
        .loads: 1 << 17, .counters: 1 << 17, .siblings: 1 << 14, .clusterIPs: 1 << 16, .sources: 1 << 17,
        .nodePortAddresses: 1 << 10, .serviceRanges: 1 << 8, .podRanges: 1 << 12,
    ]
    /// Share of a map's entries that are left free when it is judged large enough, for what is removed after the new
    /// is added.
    private static let reserve = 8

    /// Entries that a table needs; an upper bound where an exact number would cost as much as a plan.
    private(set) var needed: [BPFMapName: Int] = [:]

    init(_ table: ServiceTable) {
        for port in table.values { add(port) }
        needed[.nodePortAddresses] = table.node.nodePortAddresses.count
        needed[.serviceRanges] = table.node.serviceRanges.count
        if case .sourcePrefixes(let prefixes) = table.node.localDetector { needed[.podRanges] = prefixes.count }
    }

    private mutating func add(_ port: ServicePort) {
        let backends = port.clusterBackends.count + port.localBackends.count + port.lingering.count
        let slots = Self.slots(port.clusterBackends, port.scheduler) + Self.slots(port.localBackends, port.scheduler)
        needed[.frontends, default: 0] += port.frontends.count
        needed[.backendSets, default: 0] += 2
        needed[.cursors, default: 0] += 2
        needed[.slots, default: 0] += slots
        for map in [BPFMapName.backends, .loads, .counters] { needed[map, default: 0] += backends }
        if port.affinity?.scope == .service { needed[.siblings, default: 0] += backends }
        needed[.clusterIPs, default: 0] += port.frontends.count { $0.kind == .clusterIP }
        needed[.sources, default: 0] += port.frontends.reduce(0) { $0 + ($1.allowedSources?.count ?? 0) }
    }

    /// A Maglev table has a hundred slots for each backend and is rounded up to a prime; weights repeat slots.
    private static func slots(_ set: BackendSet, _ scheduler: Scheduler) -> Int {
        if scheduler == .maglev { return set.count * 128 + 128 }
        guard scheduler.usesWeights, !scheduler.countsConnections || scheduler == .twoChoices else { return set.count }
        let uniform = set.backends.allSatisfy { $0.weight == set.backends.first?.weight }
        return uniform ? set.count : max(set.count, 1024)
    }

    /// The limit a map is made with: a power of two, at least twice what is needed.
    func maxEntries(_ map: BPFMapName) -> Int {
        let wanted = max(Self.least[map] ?? 1, 2 * (needed[map] ?? 0))
        var size = Self.least[map] ?? 1
        while size < wanted, size < Self.limit { size *= 2 }
        return size
    }

    /// Whether a map with this limit holds the table, and what a change needs beside it.
    func fits(_ map: BPFMapName, in maxEntries: Int) -> Bool {
        (needed[map] ?? 0) <= maxEntries - maxEntries / Self.reserve
    }
}
