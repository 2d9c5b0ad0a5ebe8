internal import ServiceTable

/// What happens to packets for a frontend, for each origin. Frontends with the same treatment share
/// one code, so that the maps of frontends hold plain data: an element with a verdict would make the
/// kernel validate the whole table at each change (1.5 ms at 10 000 Services, 5 ms at 30 000; as data
/// 0.05 ms at any size).
package struct Treatment: Sendable, Hashable {
    package struct Origin: Sendable, Hashable {
        /// Nil: not sent to a backend; the filter chains refuse it.
        package var chain: BalanceChain?
        package var masquerade: Bool

        package init(chain: BalanceChain? = nil, masquerade: Bool = false) {
            self.chain = chain
            self.masquerade = masquerade
        }
    }

    package var pod: Origin
    package var node: Origin
    package var outside: Origin

    package init(pod: Origin = Origin(), node: Origin = Origin(), outside: Origin = Origin()) {
        self.pod = pod
        self.node = node
        self.outside = outside
    }

    /// The treatment of one frontend; nil when no origin is sent to a backend.
    init?(_ frontend: Frontend, of port: PortState) {
        let isNodePort = frontend.destination == .nodeAddresses
        func origin(_ verdict: Verdict) -> Origin {
            guard case .balance(let scope, let masquerade) = verdict, !port.slots(scope).isEmpty else {
                return Origin()
            }
            return Origin(chain: port.chain(scope, isNodePort: isNodePort), masquerade: masquerade)
        }
        self.init(
            pod: origin(frontend.verdicts.pod), node: origin(frontend.verdicts.node),
            outside: origin(frontend.verdicts.outside))
        if pod.chain == nil && node.chain == nil && outside.chain == nil { return nil }
    }

    /// Some origin is balanced over this scope.
    func balances(over scope: BackendScope) -> Bool {
        pod.chain?.scope == scope || node.chain?.scope == scope || outside.chain?.scope == scope
    }

    /// The chains this treatment needs.
    package var chains: Set<BalanceChain> { Set([pod.chain, node.chain, outside.chain].compactMap { $0 }) }
}
