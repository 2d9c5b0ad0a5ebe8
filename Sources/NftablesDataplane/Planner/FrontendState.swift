internal import NetworkTypes
internal import ServiceTable

/// An endpoint and the id that clients are remembered to use it by.
struct AffinityEndpoint: Equatable {
    let id: UInt32
    let backend: Backend
}

/// What a service port means for the kernel's sets.
struct PortState {
    let port: ServicePort
    private let clusterSlots: [Backend]
    private let localSlots: [Backend]
    private let affinityIDs: [AffinityTable.Place: UInt32]?

    /// - Parameter affinityIDs: nil when the port's clients are not remembered.
    init(_ port: ServicePort, affinityIDs: [AffinityTable.Place: UInt32]?) {
        self.port = port
        self.affinityIDs = affinityIDs
        clusterSlots = port.scheduler.slots(of: port.clusterBackends.backends)
        localSlots = port.scheduler.slots(of: port.localBackends.backends)
    }

    var hasAffinity: Bool { affinityIDs != nil }

    /// What an index stands for.
    func slots(_ scope: BackendScope) -> [Backend] { scope == .cluster ? clusterSlots : localSlots }

    /// The same with ids. Every place of the port has one.
    func affinitySlots(_ scope: BackendScope) -> [AffinityEndpoint] {
        guard let affinityIDs, let affinity = port.affinity else { return [] }
        return slots(scope).compactMap { backend in
            affinityIDs[AffinityTable.Place(backend, affinity.scope)].map { AffinityEndpoint(id: $0, backend: backend) }
        }
    }

    /// The chain that balances over this scope. Not called for an empty one.
    func chain(_ scope: BackendScope, isNodePort: Bool) -> BalanceChain {
        let count = slots(scope).count
        let draw: BalanceChain.Draw =
            switch port.scheduler {
            // nf_tables counts no connections: those that ask for that are drawn by weight.
            case .random, .leastConnections, .weightedLeastConnections, .shortestExpectedDelay, .neverQueue, .twoChoices:
                .random
            case .sourceHash, .maglev: .sourceHash
            // A frontend has one address, so that a hash of it has one outcome: drawn by weight.
            case .destinationHash: .random
            // One place is always next: no counter needed, and so no chain for this port alone.
            case .roundRobin, .weightedRoundRobin: count > 1 ? .inTurn(port.key.stableHash) : .random
            }
        return BalanceChain(
            isNodePort: isNodePort, scope: scope, count: count, draw: draw,
            affinitySeconds: hasAffinity ? port.affinity?.timeoutSeconds : nil)
    }
}

/// What a frontend means for the kernel's sets.
struct FrontendState {
    let treatment: Treatment?
    private let frontend: Frontend?
    private let port: PortState?

    init(_ frontend: Frontend?, of port: PortState?) {
        self.frontend = frontend
        self.port = port
        if let frontend, let port { treatment = Treatment(frontend, of: port) } else { treatment = nil }
    }

    var hasAffinity: Bool { port?.hasAffinity ?? false }

    /// Sources that may; nil: all, or there is no such frontend.
    var allowedSources: [IPPrefix]? { frontend?.allowedSources }

    /// What the indexes of the plain endpoint map stand for.
    func endpoints(_ scope: BackendScope) -> [Backend] {
        guard let port, !port.hasAffinity, balances(over: scope) else { return [] }
        return port.slots(scope)
    }

    /// What the indexes of the affinity maps stand for.
    func affinityEndpoints(_ scope: BackendScope) -> [AffinityEndpoint] {
        guard let port, port.hasAffinity, balances(over: scope) else { return [] }
        return port.affinitySlots(scope)
    }

    private func balances(over scope: BackendScope) -> Bool { treatment?.balances(over: scope) ?? false }

    /// Some origin gets this verdict.
    func refuses(_ verdict: Verdict) -> Bool {
        guard let verdicts = frontend?.verdicts else { return false }
        return verdicts.pod == verdict || verdicts.node == verdict || verdicts.outside == verdict
    }
}

extension ServicePortKey {
    /// The same in every process: the counter of a service port outlives a restart by it. FNV-1a.
    fileprivate var stableHash: UInt64 {
        description.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
}
