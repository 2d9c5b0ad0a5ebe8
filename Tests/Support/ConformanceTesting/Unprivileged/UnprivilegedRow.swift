internal import NetworkTypes
package import ServicePolicy
package import ServiceTable

/// A kind of flow, and what becomes of it where a plain user's relay binds frontends (`--userspace-bind loopback`). The
/// table has every kind that the contract's rows have.
package struct UnprivilegedRow: Sendable, CustomStringConvertible {
    package enum Place: Sendable, Hashable {
        /// The node's: NodePorts are bound there.
        case nodeAddress
        /// A Service's alone, at a port of the Service: bound at the loopback instead.
        case serviceAddress
        /// Nobody's: a Service's address at another port, or the rest of the Service ranges.
        case unclaimed
    }

    package enum Asker: Sendable, Hashable {
        case node
        /// A pod or a client outside, told by its address.
        case other
        /// One of these where pods are told by the interface that their packets come in by.
        case otherByInterface
    }

    package enum Demand: Sendable, Hashable {
        case delivered
        /// Rejected or dropped.
        case refused
        case untouched
    }

    package enum Use: Sendable, Hashable {
        /// As the contract says, but for the source that pods see.
        case works
        /// The relay refuses, for it has taken what came already: a connection by a reset, a datagram without a word, as
        /// ICMP errors cannot be sent without privilege. What the contract drops is refused as well.
        case refusedByRelay
        /// No socket is there, so that the host itself refuses. The contract leaves it to the host's own server.
        case refusedByHost
        /// Nothing is bound for it.
        case notServed
        case impossible(Reason)
    }

    package enum Reason: String, Sendable, Hashable {
        case pastTheProcess =
            "packets to a Service's address pass a plain user's process by: it is served at the loopback, for the node's own"
        case nothingToBind = "no socket can be bound to what no Service has; it is where routing leads"
        case noInterface = "a socket tells who the client is, and not the interface that it came in by"
    }

    package let place: Place
    package let asker: Asker
    package let demand: Demand
    package let use: Use

    package var description: String { "\(demand) at \(place) for \(asker)" }

    /// What this kind of flow must come to.
    func expectation(of flow: ConformanceFlow) -> Expectation {
        switch use {
        case .refusedByRelay: flow.transport == .tcp ? .rejected : .dropped
        case .refusedByHost: .rejected
        default: flow.expected
        }
    }
}

extension UnprivilegedRow {
    package static let table: [UnprivilegedRow] = [
        UnprivilegedRow(place: .nodeAddress, asker: .node, demand: .delivered, use: .works),
        UnprivilegedRow(place: .nodeAddress, asker: .other, demand: .delivered, use: .works),
        UnprivilegedRow(place: .nodeAddress, asker: .otherByInterface, demand: .delivered, use: .impossible(.noInterface)),
        UnprivilegedRow(place: .nodeAddress, asker: .node, demand: .refused, use: .refusedByRelay),
        UnprivilegedRow(place: .nodeAddress, asker: .other, demand: .refused, use: .refusedByRelay),
        UnprivilegedRow(place: .nodeAddress, asker: .node, demand: .untouched, use: .refusedByHost),
        UnprivilegedRow(place: .nodeAddress, asker: .other, demand: .untouched, use: .refusedByHost),
        UnprivilegedRow(place: .serviceAddress, asker: .node, demand: .delivered, use: .works),
        UnprivilegedRow(place: .serviceAddress, asker: .other, demand: .delivered, use: .impossible(.pastTheProcess)),
        UnprivilegedRow(place: .serviceAddress, asker: .otherByInterface, demand: .delivered, use: .impossible(.pastTheProcess)),
        UnprivilegedRow(place: .serviceAddress, asker: .node, demand: .refused, use: .refusedByRelay),
        UnprivilegedRow(place: .serviceAddress, asker: .other, demand: .refused, use: .impossible(.pastTheProcess)),
        UnprivilegedRow(place: .unclaimed, asker: .node, demand: .refused, use: .impossible(.nothingToBind)),
        UnprivilegedRow(place: .unclaimed, asker: .other, demand: .refused, use: .impossible(.nothingToBind)),
        UnprivilegedRow(place: .unclaimed, asker: .node, demand: .untouched, use: .notServed),
        UnprivilegedRow(place: .unclaimed, asker: .other, demand: .untouched, use: .notServed),
    ]

    /// The kinds that a flow is of, as rows of the table: one, where the table is complete.
    package static func rows(for flow: ConformanceFlow, _ options: PolicyOptions, in table: ServiceTable) -> [UnprivilegedRow] {
        let place: Place =
            if World.nodeAddresses(flow.family).contains(flow.to) { .nodeAddress }
            else if has(table, flow.ownFrontend) { .serviceAddress } else { .unclaimed }
        let asker: Asker = flow.from == .node ? .node : tellsByInterface(options) ? .otherByInterface : .other
        let demand: Demand =
            switch flow.expected {
            case .balanced, .sticky: .delivered
            case .rejected, .dropped: .refused
            case .untouched: .untouched
            }
        return self.table.filter { $0.place == place && $0.asker == asker && $0.demand == demand }
    }

    private static func tellsByInterface(_ options: PolicyOptions) -> Bool {
        switch options.localDetection {
        case .interfaceNamePrefix, .bridgeInterface: true
        default: false
        }
    }

    private static func has(_ table: ServiceTable, _ key: FrontendKey) -> Bool {
        table.values.contains { port in port.frontends.contains { $0.key(in: port.key) == key } }
    }
}

extension ConformanceFlow {
    /// The frontend that has the address and port asked for; that there is one is not said.
    var ownFrontend: FrontendKey {
        FrontendKey(family: family, destination: .address(to), protocol: transport, port: port)
    }
}
