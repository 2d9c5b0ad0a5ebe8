internal import DNSWire
internal import NetworkTypes

extension ServiceShape {
    /// What an SRV record of the Service points at.
    struct Target {
        let ports: [ZonePort]
        let glue: RecordSet.Glue
    }

    /// The nodes that are there once a Service: its own name, `_tcp` and so on, and those of its ports.
    var frame: [ZoneNode] {
        switch kind {
        case .absent: return []
        case .alias(let target): return [ZoneNode(name: name, sets: [.cname(target)])]
        case .nameless: return [ZoneNode(name: name)]
        case .clusterIP, .headless: break
        }
        let targets = targets
        var own = Self.addressSets(addresses)
        if let srv = Self.srv(targets, where: { _ in true }) { own.append(srv) }
        return [ZoneNode(name: name, sets: own)] + portNodes(targets)
    }

    /// A ClusterIP Service points at itself, once it has an address; a headless one at its endpoints' names.
    private var targets: [Target] {
        switch kind {
        case .clusterIP(let addresses) where !addresses.isEmpty:
            [Target(ports: ports, glue: RecordSet.Glue(name: name, addresses: addresses))]
        case .headless:
            endpoints.compactMap { endpoint in
                name.prepending(endpoint.label).map {
                    Target(ports: endpoint.ports, glue: RecordSet.Glue(name: $0, addresses: endpoint.addresses))
                }
            }
        default: []
        }
    }

    /// `_http._tcp` with SRV, and A and AAAA of the targets as CoreDNS answers them; and `_tcp` above, which exists
    /// because something is below it (RFC 8020).
    private func portNodes(_ targets: [Target]) -> [ZoneNode] {
        var nodes: [ZoneNode] = []
        var parent: DomainName?
        for port in portNames {
            guard let name = portName(port) else { continue }
            let isThis = { (other: ZonePort) in other.protocol == port.protocol && other.name == port.name }
            let matching = targets.filter { $0.ports.contains(where: isThis) }
            var sets = Self.addressSets(matching.flatMap(\.glue.addresses).sortedDistinct())
            if let srv = Self.srv(matching, where: isThis) { sets.append(srv) }
            if let above = name.parent, above.wire != parent?.wire {
                nodes.append(ZoneNode(name: above))
                parent = above
            }
            nodes.append(ZoneNode(name: name, sets: sets))
        }
        return nodes
    }

    /// The node of one of ``endpoints``: its addresses, and SRV of its slices' ports.
    func node(of endpoint: EndpointName) -> ZoneNode? {
        guard let name = name.prepending(endpoint.label) else { return nil }
        let target = Target(ports: endpoint.ports, glue: RecordSet.Glue(name: name, addresses: endpoint.addresses))
        var sets = Self.addressSets(endpoint.addresses)
        if let srv = Self.srv([target], where: { _ in true }) { sets.append(srv) }
        return ZoneNode(name: name, sets: sets)
    }

    /// A and AAAA of sorted addresses.
    static func addressSets(_ addresses: [IPAddress]) -> [RecordSet] {
        // IPv4 sorts before IPv6, and most names have one family.
        guard let first = addresses.first, let last = addresses.last else { return [] }
        if first.family == last.family { return [first.family == .ipv4 ? .a(addresses) : .aaaa(addresses)] }
        let split = addresses.firstIndex { $0.family == .ipv6 } ?? addresses.endIndex
        return [.a(Array(addresses[..<split])), .aaaa(Array(addresses[split...]))]
    }

    /// SRV over the targets' ports that `includes` takes; nil without any.
    ///
    /// Priority 0; weight 100 divided by the number of records, rounded down, at least 1. CoreDNS counts before it takes
    /// out duplicates, and each family, so that its weights depend on how slices are cut.
    private static func srv(_ targets: [Target], where includes: (ZonePort) -> Bool) -> RecordSet? {
        var pairs: [(port: UInt16, target: Int)] = []
        var glue: [RecordSet.Glue] = []
        for target in targets {
            let before = pairs.count
            for port in target.ports where port.number != 0 && includes(port) {
                let isKnown = pairs[before...].contains { $0.port == port.number }
                if !isKnown { pairs.append((port.number, glue.count)) }
            }
            if pairs.count > before { glue.append(target.glue) }
        }
        guard !pairs.isEmpty else { return nil }
        let weight = UInt16(max(1, 100 / pairs.count))
        let locations = pairs.map {
            ServiceLocation(priority: 0, weight: weight, port: $0.port, target: glue[$0.target].name)
        }
        return .srv(locations, glue: glue)
    }
}
