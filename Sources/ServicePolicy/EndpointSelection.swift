internal import KubernetesModel
internal import NetworkTypes
internal import ServiceTable

/// Which endpoints of one Service port are used, and by which policy (service-proxy reference 1.3).
struct EndpointSelection {
    /// Usable from anywhere: ready ones near this node, or, when none is ready, those that still
    /// serve while terminating.
    var cluster: [Backend] = []
    /// Usable on this node alone, by the same two steps, topology aside.
    var local: [Backend] = []
    /// Any endpoint of the Service could take a connection, wherever it runs.
    var hasAny = false
    /// Every endpoint that may keep the flows it has: of TCP all there are, of other protocols, whose
    /// clients notice nothing, those that serve.
    private var keeping: [Backend] = []

    /// One endpoint with the port its slice gives it. Plain data, no reference: of a first sync's time
    /// at 10 000 Services a fifth went into retaining the strings of copied endpoints.
    fileprivate struct Candidate {
        let address: IPAddress
        let port: PortNumber
        let isReady: Bool
        /// Serves although it terminates.
        let isDraining: Bool
        let isTerminating: Bool
        /// Runs on this node.
        let isHere: Bool
        /// Runs on this node, or nobody says where.
        let mayBeHere: Bool
        let isServing: Bool
        let weight: UInt16
        let hasNodeHints: Bool
        let hintsThisNode: Bool
        let hasZoneHints: Bool
        let hintsThisZone: Bool

        func backend(draining: Bool) -> Backend {
            Backend(address: address, port: port, weight: weight, isLocal: mayBeHere, isDraining: draining)
        }
    }

    init(portName: String, protocol: TransportProtocol, family: IPFamily, slices: [EndpointSlice], node: OwnNode) {
        let candidates = Self.candidates(
            portName: portName, protocol: `protocol`, family: family, slices: slices, node: node)
        // An endpoint of weight 0 was taken out of service by hand: it takes no new connection.
        let ready = candidates.filter { $0.isReady && $0.weight > 0 }
        let allReady = ready.count == candidates.count
        let draining = allReady ? [] : candidates.filter { $0.isDraining && !$0.isReady && $0.weight > 0 }
        hasAny = !ready.isEmpty || !draining.isEmpty

        cluster = Self.topology(of: ready).map { $0.backend(draining: false) }
        if cluster.isEmpty { cluster = draining.map { $0.backend(draining: true) } }

        local = ready.filter(\.isHere).map { $0.backend(draining: false) }
        if local.isEmpty { local = draining.filter(\.isHere).map { $0.backend(draining: true) } }

        if allReady && cluster.count == candidates.count {
            keeping = cluster
        } else {
            keeping = candidates.filter { `protocol` == .tcp || $0.isServing || $0.isReady }
                .map { $0.backend(draining: $0.isTerminating) }
        }
    }

    /// Endpoints that keep their flows and are in neither of the sets given.
    func lingering(beside cluster: BackendSet, _ local: BackendSet) -> [Backend] {
        if keeping.count == cluster.count && keeping == self.cluster { return [] }
        let used = Set((cluster.backends + local.backends).map { Place(address: $0.address, port: $0.port) })
        return keeping.filter { !used.contains(Place(address: $0.address, port: $0.port)) }
    }

    private struct Place: Hashable {
        let address: IPAddress
        let port: PortNumber
    }

    /// Endpoints of every slice that carries this port, sorted by address, one for each place. Where
    /// several slices name one place, an endpoint that is not terminating wins (kubernetes#135593).
    private static func candidates(
        portName: String, protocol: TransportProtocol, family: IPFamily, slices: [EndpointSlice], node: OwnNode
    ) -> [Candidate] {
        var candidates: [Candidate] = []
        for slice in slices where slice.addressType.family == family {
            if slice.metadata.labels[LabelKey.headless] != nil { continue }
            let weights = EndpointWeights(annotations: slice.metadata.annotations)
            for port in slice.ports where port.name == portName && port.protocol == `protocol` {
                guard let number = port.port else { continue }
                candidates.reserveCapacity(candidates.count + slice.endpoints.count)
                for index in slice.endpoints.indices {
                    guard let address = slice.endpoints[index].firstAddress, address.family == family else {
                        continue
                    }
                    candidates.append(
                        Candidate(
                            slice.endpoints[index], address: address, port: number, weight: weights?[address] ?? 1,
                            node: node))
                }
            }
        }
        candidates.sort {
            if $0.address != $1.address { return $0.address < $1.address }
            if $0.port != $1.port { return $0.port < $1.port }
            return !$0.isTerminating && $1.isTerminating
        }
        var unique: [Candidate] = []
        unique.reserveCapacity(candidates.count)
        for candidate in candidates {
            if let last = unique.last, last.address == candidate.address, last.port == candidate.port { continue }
            unique.append(candidate)
        }
        return unique
    }

    /// Ready endpoints near this node: by node hints, else by zone hints, else all (KEP-2433, KEP-4444).
    /// A hint missing on one ready endpoint switches that kind of hint off.
    private static func topology(of ready: [Candidate]) -> [Candidate] {
        if ready.allSatisfy(\.hasNodeHints) {
            let near = ready.filter(\.hintsThisNode)
            if !near.isEmpty { return near }
        }
        if ready.allSatisfy(\.hasZoneHints) {
            let near = ready.filter(\.hintsThisZone)
            if !near.isEmpty { return near }
        }
        return ready
    }
}

extension EndpointSelection.Candidate {
    fileprivate init(
        _ endpoint: borrowing Endpoint, address: IPAddress, port: PortNumber, weight: UInt16, node: OwnNode
    ) {
        self.address = address
        self.port = port
        self.weight = weight
        isServing = endpoint.isServing
        isReady = endpoint.isReady
        isTerminating = endpoint.isTerminating
        isDraining = endpoint.isServing && endpoint.isTerminating
        isHere = endpoint.nodeName == node.name
        // An endpoint whose node nobody named may be here: it must be able to reach itself.
        mayBeHere = isHere || endpoint.nodeName == nil
        hasNodeHints = !endpoint.hintNodes.isEmpty
        hintsThisNode = hasNodeHints && endpoint.hintNodes.contains(node.name)
        hasZoneHints = !endpoint.hintZones.isEmpty
        if hasZoneHints, let zone = node.zone {
            hintsThisZone = endpoint.hintZones.contains(zone)
        } else {
            hintsThisZone = false
        }
    }
}

/// What is known of the node this process serves.
struct OwnNode: Hashable {
    var name: String
    var zone: String?
    /// Its InternalIPs, or the host's addresses while its Node is not known.
    var addresses: [IPAddress]
}
