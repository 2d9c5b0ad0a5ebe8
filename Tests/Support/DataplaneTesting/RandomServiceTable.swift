package import NetworkTypes
package import RandomTesting
package import ServiceTable

/// Makes service tables out of small pools, so that frontends, backends and treatments meet often:
/// both families, all protocols, NodePorts, local scope, refusals, empty sets, hairpins, source ranges,
/// session affinity of ports and of Services, schedulers, weights.
package struct RandomServiceTable: Sendable {
    private static let serviceNames = ["a", "b", "c", "d", "e"]
    /// Frontend numbers to draw from; fewer than three for each service port, so that they pass around.
    private static let frontendNumbers = 1...12

    package var random: SplitMix64
    package init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// Node addresses of both families that serve NodePorts in every node table made here.
    package static let nodeAddresses: [IPAddress] = [.text("192.168.0.1"), .text("fd00:192::1")]
    /// Of the node as well, but they serve no NodePorts.
    package static let otherNodeAddresses: [IPAddress] = [.text("192.168.9.1"), .text("fd00:192:9::1")]

    /// A node that tells its pods by prefix.
    package static let node = NodeTable(
        localDetector: .sourcePrefixes([IPPrefix("10.244.0.0/16"), IPPrefix("fd00:244::/64")].compactMap { $0 }),
        nodePortAddresses: nodeAddresses)

    private var taken: Set<FrontendKey> = []

    /// A table unlike any other.
    package mutating func table(node: NodeTable = RandomServiceTable.node) -> ServiceTable {
        changed(ServiceTable(node: node), oneIn: 1)
    }

    /// The table with about one in `n` of its possible service ports drawn anew.
    package mutating func changed(_ old: ServiceTable, oneIn n: Int) -> ServiceTable {
        var table = old
        var redrawn: [ServicePortKey] = []
        for name in Self.serviceNames {
            for transport in TransportProtocol.allCases {
                for family in IPFamily.allCases where random.oneIn(n) {
                    redrawn.append(
                        ServicePortKey(
                            id: ServicePortID(namespace: "default", service: name, portName: "", protocol: transport),
                            family: family))
                }
            }
        }
        for key in redrawn { table[key] = nil }
        taken = Set(table.values.flatMap { port in port.frontends.map { $0.key(in: port.key) } })
        for key in redrawn.shuffled(using: &random) where !random.oneIn(3) {
            table[key] = servicePort(key, previous: old[key])
        }
        return table
    }

    private mutating func servicePort(_ key: ServicePortKey, previous: ServicePort?) -> ServicePort {
        // A changed service port often keeps most of its backends, and the order they are in.
        let empty = BackendSet([])
        let all = backends(key.family)
        // Policy leaves a set empty that no frontend needs.
        let wanted = random.oneIn(5) ? [] : all
        let isFresh = random.oneIn(3)
        let cluster = isFresh ? BackendSet(wanted) : (previous?.clusterBackends ?? empty).updated(to: wanted)
        let localWanted = random.oneIn(3) ? [] : all.filter(\.isLocal)
        let local = isFresh ? BackendSet(localWanted) : (previous?.localBackends ?? empty).updated(to: localWanted)
        var frontends: [Frontend] = []
        if let previous, random.oneIn(2) {
            for frontend in previous.frontends where taken.insert(frontend.key(in: key)).inserted {
                frontends.append(
                    Frontend(
                        kind: frontend.kind, destination: frontend.destination, port: frontend.port,
                        allowedSources: frontend.kind == .loadBalancerIP ? sources(key.family) : nil,
                        verdicts: verdicts(cluster: cluster, local: local)))
            }
        } else {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let frontend = frontend(key.family, verdicts(cluster: cluster, local: local))
                if taken.insert(frontend.key(in: key)).inserted { frontends.append(frontend) }
            }
        }
        let scheduler = random.oneIn(2) ? .random : Scheduler.allCases.randomElement(using: &random) ?? .random
        return ServicePort(
            key: key, affinity: affinity(previous), scheduler: scheduler, clusterBackends: cluster,
            localBackends: local, frontends: frontends)
    }

    /// Often what it was; one Service in two has none.
    private mutating func affinity(_ previous: ServicePort?) -> Affinity? {
        if let previous, random.oneIn(2) { return previous.affinity }
        if random.oneIn(2) { return nil }
        return Affinity(scope: random.oneIn(2) ? .service : .servicePort, timeoutSeconds: random.oneIn(2) ? 10800 : 60)
    }

    private static let sourceRanges: [IPFamily: [String]] = [
        .ipv4: ["198.51.100.0/24", "10.244.0.0/16", "192.168.0.1/32", "203.0.113.128/25"],
        .ipv6: ["fd00:198::/64", "fd00:244::/64", "fd00:192::1/128", "fd00:203::/65"],
    ]

    /// Who may reach a load balancer address: all, some, or nobody.
    private mutating func sources(_ family: IPFamily) -> [IPPrefix]? {
        if random.oneIn(2) { return nil }
        let ranges = (Self.sourceRanges[family] ?? []).compactMap { IPPrefix($0) }
        return Array(ranges.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))).sorted()
    }

    private mutating func frontend(_ family: IPFamily, _ verdicts: OriginVerdicts) -> Frontend {
        let number = UInt16(Int.random(in: Self.frontendNumbers, using: &random))
        let port = PortNumber(rawValue: number % 3 + 80) ?? 80
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return .nodePort(PortNumber(rawValue: 30000 + number % 5) ?? 30000, verdicts)
        case 1: return .clusterIP((family == .ipv4 ? "10.96.0." : "fd00:96::") + "\(number)", port, verdicts)
        default:
            return .loadBalancerIP(
                (family == .ipv4 ? "203.0.113." : "fd00:203::") + "\(number)", port, verdicts, from: sources(family))
        }
    }

    /// Odd ones run on this node.
    private mutating func backends(_ family: IPFamily) -> [Backend] {
        let count = random.oneIn(5) ? 0 : Int.random(in: 1...4, using: &random)
        let numbers = Array(1...8).shuffled(using: &random).prefix(count)
        let isWeighted = random.oneIn(4)
        return numbers.map { number in
            Backend(
                address: .text((family == .ipv4 ? "10.244.0." : "fd00:244::") + "\(number)"),
                port: PortNumber(rawValue: 8080) ?? 8080,
                weight: isWeighted ? UInt16.random(in: 1...4, using: &random) : 1, isLocal: number % 2 == 1)
        }
    }

    /// A frontend refuses in one way only; an origin is balanced only over a set that has backends.
    private mutating func verdicts(cluster: BackendSet, local: BackendSet) -> OriginVerdicts {
        let refusal: Verdict = random.oneIn(2) ? .reject : .drop
        func one() -> Verdict {
            let masquerade = random.oneIn(2)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: return refusal
            case 1, 2: return local.isEmpty ? refusal : .balance(.local, masquerade: masquerade)
            default: return cluster.isEmpty ? refusal : .balance(.cluster, masquerade: masquerade)
            }
        }
        if random.oneIn(3) {
            let verdict = one()
            return OriginVerdicts(all: verdict)
        }
        let (pod, node, outside) = (one(), one(), one())
        return OriginVerdicts(pod: pod, node: node, outside: outside)
    }
}
