public import DNSWire
internal import NetworkTypes

extension ClusterZone {
    /// Every record: of the cluster's domain first, each zone's SOA before what the zone holds, names in canonical order
    /// (RFC 4034 section 6.1). Names of pods, which follow from a rule, are not among them. Not for the way of a query.
    public func forEachRecord(_ body: (ResourceRecord) throws -> Void) rethrows {
        if let authority = startOfAuthority(settings.domain) { try body(authority) }
        for node in sortedNodes() { try records(of: node).forEach(body) }
        for family in IPFamily.allCases { try forEachPointer(family, body) }
    }

    /// The names that own records or have such names below them, in canonical order.
    public var names: [DomainName] { sortedNodes().compactMap(\.name) }

    private func sortedNodes() -> [Node] {
        var nodes: [(key: [[UInt8]], node: Node)] = []
        tables.names.forEachNode { node in
            guard let name = node.name else { return }
            nodes.append((name.labels.reversed().map(Array.init), node))
        }
        nodes.sort { a, b in a.key.lexicographicallyPrecedes(b.key) { $0.lexicographicallyPrecedes($1) } }
        return nodes.map(\.node)
    }

    /// PTR records in the order of addresses, and before each address that begins a zone, that zone's SOA.
    private func forEachPointer(_ family: IPFamily, _ body: (ResourceRecord) throws -> Void) rethrows {
        var zone: DomainName?
        try tables.pointers(family).forEach { bits, list in
            let name = DomainName(reverseOf: IPAddress(bits: bits, family: family))
            let apex = reverseApex(name)
            if apex != zone, let authority = startOfAuthority(apex) { try body(authority) }
            zone = apex
            for wire in list.strings {
                guard let target = DomainName(wire: wire) else { continue }
                try body(ResourceRecord(name: name, timeToLive: domain.timeToLive, data: .ptr(target)))
            }
        }
    }

    private func reverseApex(_ name: DomainName) -> DomainName {
        let labels = name.labels
        // SAFETY: the name's bytes outlive the call.
        let parsed = unsafe name.wire.withUnsafeBytes { unsafe ReverseName($0, labelCount: labels.count) }
        guard let parsed, let depth = ranges.zoneDepth(of: parsed) else { return name }
        return DomainName(labels: labels.suffix(depth + 2)) ?? name
    }

    /// The CNAMEs that lead from a name to the first that has none, or none that this zone knows.
    ///
    /// - Returns: the records in order, the first with `name` as it is written as its owner.
    package func aliases(from name: DomainName) -> [ResourceRecord] {
        var result: [ResourceRecord] = []
        var owner = name
        while result.count < Self.linkLimit, let node = node(owner),
            let record = records(of: node).first, case .cname(let target) = record.data
        {
            result.append(ResourceRecord(name: owner, timeToLive: record.timeToLive, data: record.data))
            owner = target
        }
        return result
    }

    private func node(_ name: DomainName) -> Node? {
        let lowercase = name.lowercased
        // SAFETY: the name's bytes outlive the call.
        return unsafe lowercase.wire.withUnsafeBytes { unsafe tables.names.find($0, hash: NameHash.hash($0)) }
    }
}
