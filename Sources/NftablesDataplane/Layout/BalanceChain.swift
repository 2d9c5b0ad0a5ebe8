package import ServiceTable

/// A chain that balances over `count` places in one of the endpoint maps. There is one for each
/// distinct combination of its properties, however many Services have it.
package struct BalanceChain: Sendable, Hashable {
    /// How the index of a connection is drawn.
    package enum Draw: Sendable, Hashable {
        case random
        /// By a hash of the source address.
        case sourceHash
        /// In turn. The counter is the chain's own, so that a chain serves one service port, told by
        /// this number.
        case inTurn(UInt64)
    }

    package let isNodePort: Bool
    package let scope: BackendScope
    package let count: Int
    package let draw: Draw
    /// How long a client is remembered after its last new connection; nil: not at all.
    package let affinitySeconds: Int32?

    package init(
        isNodePort: Bool, scope: BackendScope, count: Int, draw: Draw = .random, affinitySeconds: Int32? = nil
    ) {
        self.isNodePort = isNodePort
        self.scope = scope
        self.count = count
        self.draw = draw
        self.affinitySeconds = affinitySeconds
    }

    /// `balance-3`, `nodeport-balance-local-3`, `balance-3-sh`, `balance-3-rr-00a1b2c3d4e5f607`,
    /// `balance-3-affinity-10800`...
    package var name: String {
        var name = "\(isNodePort ? "nodeport-" : "")balance-\(scope == .local ? "local-" : "")\(count)"
        switch draw {
        case .random: break
        case .sourceHash: name += "-sh"
        case .inTurn(let number):
            let digits = String(number, radix: 16)
            name += "-rr-" + String(repeating: "0", count: 16 - digits.count) + digits
        }
        if let affinitySeconds { name += "-affinity-\(affinitySeconds)" }
        return name
    }

    /// The inverse of `name`, nil for other chains.
    package init?(name: String) {
        var rest = name[...]
        func strip(_ prefix: String) -> Bool {
            guard rest.hasPrefix(prefix) else { return false }
            rest = rest.dropFirst(prefix.count)
            return true
        }
        let isNodePort = strip("nodeport-")
        guard strip("balance-") else { return nil }
        let scope: BackendScope = strip("local-") ? .local : .cluster
        let digits = rest.prefix { $0 != "-" }
        rest = rest.dropFirst(digits.count)
        guard let count = Int(digits), count > 0 else { return nil }
        var draw = Draw.random
        if strip("-sh") {
            draw = .sourceHash
        } else if strip("-rr-") {
            guard let number = UInt64(rest.prefix(16), radix: 16) else { return nil }
            draw = .inTurn(number)
            rest = rest.dropFirst(16)
        }
        var seconds: Int32?
        if strip("-affinity-") {
            guard let parsed = Int32(rest), parsed > 0 else { return nil }
            seconds = parsed
            rest = ""
        }
        self.init(isNodePort: isNodePort, scope: scope, count: count, draw: draw, affinitySeconds: seconds)
        // One text for each chain: what another spelling names is not ours.
        if !rest.isEmpty || self.name != name { return nil }
    }

    /// The maps a chain of this scope looks its endpoints up in.
    package var maps: EndpointMaps { EndpointMaps(isNodePort: isNodePort, scope: scope) }
}

/// The maps that hold the endpoints of address frontends or of NodePorts, in one scope.
package struct EndpointMaps: Sendable, Hashable {
    /// Frontend and index -> endpoint.
    package let endpoints: TableSet
    /// Frontend and index -> endpoint id, of service ports with session affinity.
    package let affinitySlots: TableSet
    /// Frontend and endpoint id -> endpoint.
    package let affinityEndpoints: TableSet

    package init(isNodePort: Bool, scope: BackendScope) {
        (endpoints, affinitySlots, affinityEndpoints) =
            switch (isNodePort, scope) {
            case (false, .cluster): (.clusterEndpoints, .affinitySlots, .affinityEndpoints)
            case (false, .local): (.localEndpoints, .localAffinitySlots, .localAffinityEndpoints)
            case (true, .cluster): (.nodePortEndpoints, .nodePortAffinitySlots, .nodePortAffinityEndpoints)
            case (true, .local):
                (.nodePortLocalEndpoints, .nodePortLocalAffinitySlots, .nodePortLocalAffinityEndpoints)
            }
    }
}
