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

    /// One endpoint with the port its slice gives it.
    struct Candidate {
        let endpoint: Endpoint
        let address: IPAddress
        let port: PortNumber
    }

    init(portName: String, protocol: TransportProtocol, family: IPFamily, slices: [EndpointSlice], node: OwnNode) {
        let candidates = Self.candidates(portName: portName, protocol: `protocol`, family: family, slices: slices)
        let ready = candidates.filter { $0.endpoint.isReady }
        let draining = candidates.filter { $0.endpoint.isServing && $0.endpoint.isTerminating && !$0.endpoint.isReady }
        hasAny = !ready.isEmpty || !draining.isEmpty

        let near = Self.topology(of: ready, node: node)
        cluster = near.map { Self.backend($0, node: node, draining: false) }
        if cluster.isEmpty { cluster = draining.map { Self.backend($0, node: node, draining: true) } }

        let isHere = { (candidate: Candidate) in candidate.endpoint.nodeName == node.name }
        local = ready.filter(isHere).map { Self.backend($0, node: node, draining: false) }
        if local.isEmpty { local = draining.filter(isHere).map { Self.backend($0, node: node, draining: true) } }
    }

    private static func backend(_ candidate: Candidate, node: OwnNode, draining: Bool) -> Backend {
        // An endpoint whose node nobody named may be here: it must be able to reach itself.
        let mayBeHere = candidate.endpoint.nodeName.map { $0 == node.name } ?? true
        return Backend(
            address: candidate.address, port: candidate.port, isLocal: mayBeHere, isDraining: draining)
    }

    /// Endpoints of every slice that carries this port, sorted by address, one for each place. Where
    /// several slices name one place, an endpoint that is not terminating wins (kubernetes#135593).
    private static func candidates(
        portName: String, protocol: TransportProtocol, family: IPFamily, slices: [EndpointSlice]
    ) -> [Candidate] {
        var candidates: [Candidate] = []
        for slice in slices where slice.addressType.family == family {
            if slice.metadata.labels[LabelKey.headless] != nil { continue }
            for port in slice.ports where port.name == portName && port.protocol == `protocol` {
                guard let number = port.port else { continue }
                for endpoint in slice.endpoints {
                    guard let address = endpoint.addresses.first, address.family == family else { continue }
                    candidates.append(Candidate(endpoint: endpoint, address: address, port: number))
                }
            }
        }
        candidates.sort {
            if $0.address != $1.address { return $0.address < $1.address }
            if $0.port != $1.port { return $0.port < $1.port }
            return !$0.endpoint.isTerminating && $1.endpoint.isTerminating
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
    private static func topology(of ready: [Candidate], node: OwnNode) -> [Candidate] {
        guard !ready.isEmpty else { return ready }
        if ready.allSatisfy({ !$0.endpoint.hintNodes.isEmpty }) {
            let near = ready.filter { $0.endpoint.hintNodes.contains(node.name) }
            if !near.isEmpty { return near }
        }
        if let zone = node.zone, ready.allSatisfy({ !$0.endpoint.hintZones.isEmpty }) {
            let near = ready.filter { $0.endpoint.hintZones.contains(zone) }
            if !near.isEmpty { return near }
        }
        return ready
    }
}

/// What is known of the node this process serves.
struct OwnNode: Hashable {
    var name: String
    var zone: String?
}
