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
            && layout.sets.allSatisfy { wanted in
                guard let found = sets[wanted.name] else { return false }
                return found.key == wanted.key && found.data == wanted.data && found.flags == wanted.flags
            }
            && layout.chains.allSatisfy { wanted in
                guard let found = chains[wanted.name] else { return false }
                return found.attachment == wanted.attachment
            } && balanceChains.allSatisfy { chains[$0.name]?.attachment == nil }
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

    /// Addresses of the pairs in the hairpin set.
    func hairpins(_ family: IPFamily) -> Set<IPAddress> {
        Set((elements[.hairpinEndpoints] ?? []).compactMap { IPAddress(networkBytes: $0.key.prefix(family.addressByteCount)) })
    }

    /// The order in which the kernel holds the backends of each frontend.
    package func order(_ family: IPFamily) -> AdoptedOrder {
        var order = AdoptedOrder()
        for (set, keyPath) in [
            (TableSet.clusterEndpoints, \AdoptedOrder.cluster), (.nodePortEndpoints, \.cluster),
            (.localEndpoints, \.local), (.nodePortLocalEndpoints, \.local),
        ] {
            var indexed: [FrontendKey: [(UInt32, Backend)]] = [:]
            for element in elements[set] ?? [] {
                guard let (key, index, backend) = Self.endpoint(element, family) else { continue }
                indexed[key, default: []].append((index, backend))
            }
            for (key, backends) in indexed {
                order[keyPath: keyPath][key] = backends.sorted { $0.0 < $1.0 }.map(\.1)
            }
        }
        return order
    }

    /// One element of an endpoint map; nil when it is not of the shape this version writes.
    private static func endpoint(_ element: NftablesElement, _ family: IPFamily) -> (FrontendKey, UInt32, Backend)? {
        let width = family.addressByteCount
        guard case .value(let data)? = element.data, data.count >= width + 2,
            let address = IPAddress(networkBytes: data.prefix(width)), let port = port(data, at: width)
        else { return nil }
        let key = element.key
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
        guard let transport = TransportProtocol(rawValue: key[offset]), let frontendPort = Self.port(key, at: offset + 4)
        else { return nil }
        return (
            FrontendKey(family: family, destination: destination, protocol: transport, port: frontendPort),
            HostOrder.value(key.suffix(4)), Backend(address: address, port: port)
        )
    }

    private static func port(_ bytes: [UInt8], at offset: Int) -> PortNumber? {
        PortNumber(rawValue: UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]))
    }
}
