internal import LinuxSystem
internal import NetworkTypes
internal import Relay
internal import ServiceTable

/// What is answered from: frontends of both families, and how a client's origin is told.
struct RelayAnswers {
    struct Entry {
        let service: RelayService
        let allowedSources: [IPPrefix]?
        let verdicts: OriginVerdicts
        /// Why a client is refused where a verdict says so.
        let rejection: RelayRefusal
    }

    /// What the node is, for one family.
    struct Node: Equatable {
        var nodePortAddresses: Set<IPAddress> = []
        var podRanges: [IPPrefix] = []
        var tellsPods = false

        init() {}

        init(_ table: NodeTable, _ family: IPFamily) {
            nodePortAddresses = Set(table.nodePortAddresses.lazy.filter { $0.family == family })
            tellsPods = table.localDetector.tellsPods(of: family)
            if case .sourcePrefixes(let prefixes) = table.localDetector {
                podRanges = prefixes.filter { $0.family == family }
            }
        }
    }

    var frontends: [FrontendKey: Entry] = [:]
    var v4 = Node()
    var v6 = Node()
    /// The node's own, whatever they serve.
    var nodeAddresses: Set<IPAddress> = []

    func answer(_ request: RelayRequest) -> RelayAnswer {
        let node = request.destination.family == .ipv4 ? v4 : v6
        guard let entry = entry(request, node) else { return .refuse(.unknownFrontend) }
        let client = request.client.address
        if let allowed = entry.allowedSources, !Self.contains(allowed, client) { return .refuse(.policy) }
        switch verdict(entry.verdicts, request, node) {
        case .balance(.cluster, _): return .relay(entry.service, .cluster)
        case .balance(.local, _): return .relay(entry.service, .local)
        case .reject: return .refuse(entry.rejection)
        case .drop: return .refuse(.policy)
        }
    }

    private func entry(_ request: RelayRequest, _ node: Node) -> Entry? {
        let destination = request.destination
        guard let port = PortNumber(rawValue: destination.port) else { return nil }
        let key = { (place: Frontend.Destination) in
            FrontendKey(family: destination.family, destination: place, protocol: request.protocol, port: port)
        }
        if let entry = frontends[key(.address(destination.address))] { return entry }
        return node.nodePortAddresses.contains(destination.address) ? frontends[key(.nodeAddresses)] : nil
    }

    /// As the other modes tell: pods first, then the node.
    private func verdict(_ verdicts: OriginVerdicts, _ request: RelayRequest, _ node: Node) -> Verdict {
        let client = request.client.address
        switch request.origin {
        case .pod: return node.tellsPods ? verdicts.pod : verdicts.outside
        case .node: return verdicts.node
        case .outside: return verdicts.outside
        case nil:
            if node.podRanges.contains(where: { $0.contains(client) }) { return verdicts.pod }
            return client.isLoopback || nodeAddresses.contains(client) ? verdicts.node : verdicts.outside
        }
    }

    /// - Parameter ranges: sorted, none inside another.
    static func contains(_ ranges: [IPPrefix], _ address: IPAddress) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        return low > 0 && ranges[low - 1].contains(address)
    }
}
