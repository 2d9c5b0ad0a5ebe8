package import NetworkTypes
package import ServiceTable

/// One kind of sender and one frontend: the packet, and what a service table says must happen to it.
///
/// Senders are those of `RandomServiceTable.node`: pods by prefix, the node by its address.
package struct FrontendFlow: Sendable, Hashable, CustomStringConvertible {
    package enum Sender: Sendable, Hashable, CaseIterable {
        /// A pod that is no backend.
        case pod
        /// A pod of this node that may be a backend of what it calls.
        case backend
        case node
        case outside
    }

    package let frontend: FrontendKey
    package let sender: Sender

    package init(_ frontend: FrontendKey, _ sender: Sender) {
        self.frontend = frontend
        self.sender = sender
    }

    package var description: String { "\(sender) to \(frontend)" }

    /// Every flow to these frontends.
    package static func all(_ frontends: some Sequence<FrontendKey>) -> [FrontendFlow] {
        frontends.flatMap { frontend in Sender.allCases.map { FrontendFlow(frontend, $0) } }
    }

    private var source: IPAddress {
        let isV4 = frontend.family == .ipv4
        return switch sender {
        case .pod: .text(isV4 ? "10.244.0.99" : "fd00:244::99")
        case .backend: .text(isV4 ? "10.244.0.1" : "fd00:244::1")
        case .node: .text(isV4 ? "192.168.0.1" : "fd00:192::1")
        case .outside: .text(isV4 ? "198.51.100.7" : "fd00:198::7")
        }
    }

    /// The first packet; to a NodePort it goes to the node's first address.
    package var packet: TracedPacket {
        let destination: IPAddress =
            switch frontend.destination {
            case .address(let address): address
            case .nodeAddresses: RandomServiceTable.nodeAddresses[frontend.family == .ipv4 ? 0 : 1]
            }
        let interface: String? =
            switch sender {
            case .pod, .backend: "veth1"
            case .node: nil
            case .outside: "eth0"
            }
        return TracedPacket(from: source, to: destination, frontend.port, frontend.protocol, on: interface)
    }

    /// What `owners` demands for this flow, and of a frontend that nobody owns.
    package func expected(_ owners: [FrontendKey: ServicePort]) -> Set<TraceOutcome> {
        guard let port = owners[frontend],
            let found = port.frontends.first(where: { $0.key(in: port.key) == frontend })
        else { return beside(owners) }
        if let sources = found.allowedSources, !sources.contains(where: { $0.contains(source) }) { return [.dropped] }
        let verdicts = found.verdicts
        let verdict =
            switch sender {
            case .pod, .backend: verdicts.pod
            case .node: verdicts.node
            case .outside: verdicts.outside
            }
        switch verdict {
        case .reject: return [.rejected]
        case .drop: return [.dropped]
        case .balance(let scope, let masquerade):
            let backends = port.backends(scope).backends
            let outcomes = backends.map { backend in
                let isHairpin = backend.isLocal && backend.address == source
                return TraceOutcome.delivered(
                    to: backend.address, backend.port, masqueraded: masquerade || isHairpin)
            }
            return backends.isEmpty ? beside(owners) : Set(outcomes)
        }
    }

    /// Whether everything that can happen is what `owners` demands. A source hash sends one client to
    /// one of the backends, always the same.
    package func isMet(by found: Set<TraceOutcome>, _ owners: [FrontendKey: ServicePort]) -> Bool {
        let expected = expected(owners)
        if let scheduler = owners[frontend]?.scheduler, [.sourceHash, .maglev].contains(scheduler) {
            return found.count == 1 && found.isSubset(of: expected)
        }
        return found == expected
    }

    /// What nobody balances: an address that belongs to Services alone refuses it.
    private func beside(_ owners: [FrontendKey: ServicePort]) -> Set<TraceOutcome> {
        guard case .address = frontend.destination else { return [.untouched] }
        let isClusterIP = owners.values.contains { port in
            port.frontends.contains { $0.kind == .clusterIP && $0.destination == frontend.destination }
        }
        return [isClusterIP ? .rejected : .untouched]
    }
}

extension ServiceTable {
    /// The service port of each frontend of a family.
    package func owners(_ family: IPFamily) -> [FrontendKey: ServicePort] {
        var owners: [FrontendKey: ServicePort] = [:]
        for port in values where port.key.family == family {
            for frontend in port.frontends { owners[frontend.key(in: port.key)] = port }
        }
        return owners
    }
}
