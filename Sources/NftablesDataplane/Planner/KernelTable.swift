package import Netlink
package import NetworkTypes
package import ServiceTable

/// What the kernel holds of one family's Fairway table, as read from it.
package struct KernelTable: Sendable {
    package var sets: [String: NftablesSet] = [:]
    package var chains: [String: NftablesChain] = [:]
    /// By chain, in order.
    package var rules: [String: [NftablesRule]] = [:]
    package var elements: [TableSet: [NftablesElement]] = [:]
    /// Something that Fairway never writes: sets of other kinds, or a table that is switched off.
    package var isForeign = false

    package init() {}

    /// Every set and constant chain is there in the shape this version writes, and nothing else: a base
    /// chain that another version left would go on acting on packets.
    func hasLayout(_ layout: TableLayout) -> Bool {
        !isForeign && sets.count == layout.sets.count && chains.count == layout.chains.count + balanceChains.count
            && sets.hold(layout.sets) && chains.hold(layout.chains)
            && balanceChains.allSatisfy { chains[$0.name]?.attachment == nil }
    }

    /// The treatments that the dispatch maps and masquerade sets describe, by code.
    var treatments: [UInt32: Treatment] {
        var result: [UInt32: Treatment] = [:]
        func read(
            _ map: TableSet, _ masquerades: TableSet, _ origin: WritableKeyPath<Treatment, Treatment.Origin>
        ) {
            for element in elements[map] ?? [] {
                guard case .verdict(.goto(let name))? = element.data, let chain = BalanceChain(name: name) else {
                    continue
                }
                result[HostOrder.value(element.key), default: Treatment()][keyPath: origin].chain = chain
            }
            for element in elements[masquerades] ?? [] {
                result[HostOrder.value(element.key), default: Treatment()][keyPath: origin].masquerade = true
            }
        }
        read(.fromPod, .masqueradeFromPod, \.pod)
        read(.fromNode, .masqueradeFromNode, \.node)
        read(.fromOutside, .masqueradeFromOutside, \.outside)
        return result
    }

    /// Every code that some element is about, whoever wrote it.
    var codes: Set<UInt32> {
        Set(NftablesPlanner.treatmentSets.flatMap { (elements[$0] ?? []).map { HostOrder.value($0.key) } })
    }

    var balanceChains: Set<BalanceChain> { Set(chains.keys.compactMap(BalanceChain.init(name:))) }

    /// The addresses that the elements of a set begin with.
    func addresses(in set: TableSet, _ family: IPFamily) -> Set<IPAddress> {
        Set((elements[set] ?? []).compactMap { IPAddress(networkBytes: $0.key.prefix(family.addressByteCount)) })
    }

    private static let maps = [false, true].flatMap { isNodePort in
        [BackendScope.cluster, .local].map { ($0, EndpointMaps(isNodePort: isNodePort, scope: $0)) }
    }

    /// The order in which the kernel holds the backends of each frontend.
    package func order(_ family: IPFamily) -> AdoptedOrder {
        var order = AdoptedOrder()
        for (scope, maps) in Self.maps {
            let keyPath = scope == .cluster ? \AdoptedOrder.cluster : \AdoptedOrder.local
            var indexed = endpoints(in: maps.endpoints, family)
            for (key, slots) in affinityOrder(maps, family) { indexed[key, default: []] += slots }
            for (key, backends) in indexed {
                var seen: Set<Backend> = []
                // With weights a backend has several indexes: its first counts.
                order[keyPath: keyPath][key] = backends.sorted { $0.id < $1.id }.map(\.backend).filter {
                    seen.insert($0).inserted
                }
            }
        }
        return order
    }

    /// Of each frontend with session affinity its endpoints by id.
    func affinityEndpoints(_ family: IPFamily) -> [FrontendKey: [(id: UInt32, backend: Backend)]] {
        var result: [FrontendKey: [(id: UInt32, backend: Backend)]] = [:]
        for (_, maps) in Self.maps {
            result.merge(endpoints(in: maps.affinityEndpoints, family)) { $0 + $1 }
        }
        return result
    }

    /// Of each frontend with session affinity its endpoints by index.
    private func affinityOrder(
        _ maps: EndpointMaps, _ family: IPFamily
    ) -> [FrontendKey: [(id: UInt32, backend: Backend)]] {
        guard let slots = elements[maps.affinitySlots], !slots.isEmpty else { return [:] }
        let byID = endpoints(in: maps.affinityEndpoints, family).mapValues { endpoints in
            Dictionary(endpoints.map { ($0.id, $0.backend) }, uniquingKeysWith: { first, _ in first })
        }
        var result: [FrontendKey: [(id: UInt32, backend: Backend)]] = [:]
        for element in slots {
            guard case .value(let data)? = element.data, data.count >= 4,
                let (key, index) = Self.frontend(element.key, family),
                let backend = byID[key]?[HostOrder.value(data.prefix(4))]
            else { continue }
            result[key, default: []].append((index, backend))
        }
        return result
    }

    private func endpoints(in set: TableSet, _ family: IPFamily) -> [FrontendKey: [(id: UInt32, backend: Backend)]] {
        var result: [FrontendKey: [(id: UInt32, backend: Backend)]] = [:]
        for element in elements[set] ?? [] {
            guard let (key, index, backend) = Self.endpoint(element, family) else { continue }
            result[key, default: []].append((index, backend))
        }
        return result
    }

    /// The sources that codes stand for. A code that frontends use and no source has lets nobody in.
    func sources(_ family: IPFamily) -> [UInt32: [IPPrefix]] {
        var result: [UInt32: [IPPrefix]] = [:]
        for code in restrictingCodes { result[code] = [] }
        for element in elements[.allowedSources] ?? [] where element.key.count == 4 + family.addressByteCount {
            let last = (element.keyEnd ?? element.key).suffix(family.addressByteCount)
            guard let first = IPAddress(networkBytes: element.key.suffix(family.addressByteCount)),
                let prefix = IPPrefix(from: first, through: IPAddress(networkBytes: last))
            else { continue }
            result[NetworkOrder.value(element.key.prefix(4)), default: []].append(prefix)
        }
        return result.mapValues { $0.sorted() }
    }

    /// Every code of sources that some element is about.
    var sourceCodes: Set<UInt32> {
        restrictingCodes.union((elements[.allowedSources] ?? []).map { NetworkOrder.value($0.key.prefix(4)) })
    }

    private var restrictingCodes: Set<UInt32> {
        Set(
            (elements[.restrictedServices] ?? []).compactMap { element in
                guard case .value(let data)? = element.data else { return nil }
                return HostOrder.value(data.prefix(4))
            })
    }

    /// One element of an endpoint map; nil when it is not of the shape this version writes.
    private static func endpoint(_ element: NftablesElement, _ family: IPFamily) -> (FrontendKey, UInt32, Backend)? {
        let width = family.addressByteCount
        guard case .value(let data)? = element.data, data.count >= width + 2,
            let address = IPAddress(networkBytes: data.prefix(width)), let port = port(data, at: width)
        else { return nil }
        guard let (key, index) = frontend(element.key, family) else { return nil }
        return (key, index, Backend(address: address, port: port))
    }

    /// The frontend and the index (or endpoint id) of a key; nil when it is not of that shape.
    private static func frontend(_ key: [UInt8], _ family: IPFamily) -> (FrontendKey, UInt32)? {
        let width = family.addressByteCount
        let destination: Frontend.Destination
        let offset: Int
        if key.count == width + 12, let frontend = IPAddress(networkBytes: key.prefix(width)) {
            destination = .address(frontend)
            offset = width
        } else if key.count == 12 {
            destination = .nodeAddresses
            offset = 0
        } else {
            return nil
        }
        guard let transport = TransportProtocol(rawValue: key[offset]), let port = port(key, at: offset + 4) else {
            return nil
        }
        return (
            FrontendKey(family: family, destination: destination, protocol: transport, port: port),
            HostOrder.value(key.suffix(4))
        )
    }

    private static func port(_ bytes: [UInt8], at offset: Int) -> PortNumber? {
        PortNumber(rawValue: UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]))
    }
}
