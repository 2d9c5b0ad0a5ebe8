package import NetworkTypes

/// What the contract demands of a connection.
package enum Expectation: Sendable, Hashable, CustomStringConvertible {
    /// Every one of these pods gets connections, and nobody else. A pod that reaches itself is
    /// masqueraded in any case. `b1:8081` is a pod at a port of its own.
    case balanced(to: Set<String>, port: PortNumber = World.targetPort, masqueraded: Bool)
    /// One of these pods, the same for every connection of one client that is under the same `memory`.
    case sticky(to: Set<String>, port: PortNumber = World.targetPort, masqueraded: Bool, memory: String)
    /// ICMP port unreachable: the client sees ECONNREFUSED.
    case rejected
    /// Nothing comes back, and nobody gets it.
    case dropped
    /// No Service takes it: it goes where routing leads.
    case untouched

    package var description: String {
        switch self {
        case .balanced(let pods, let port, let masqueraded):
            "balanced to \(pods.sorted().joined(separator: ", ")) port \(port)" + (masqueraded ? ", masqueraded" : "")
        case .sticky(let pods, let port, let masqueraded, let memory):
            "sticky (\(memory)) to one of \(pods.sorted().joined(separator: ", ")) port \(port)"
                + (masqueraded ? ", masqueraded" : "")
        case .rejected: "rejected"
        case .dropped: "dropped"
        case .untouched: "untouched"
        }
    }
}

/// Connections from one sender to one destination, and what becomes of them.
package struct ConformanceFlow: Sendable, Hashable, CustomStringConvertible {
    package var from: Sender
    package var to: IPAddress
    package var port: PortNumber
    package var transport: TransportProtocol
    package var expected: Expectation

    package init(
        from: Sender, to: IPAddress, port: PortNumber = World.servicePort, _ transport: TransportProtocol = .tcp,
        _ expected: Expectation
    ) {
        self.from = from
        self.to = to
        self.port = port
        self.transport = transport
        self.expected = expected
    }

    package var family: IPFamily { to.family }
    package var source: IPAddress { from.source(family) }

    package var description: String {
        "\(transport) from \(from) to \(to.description(withPort: port))"
    }
}

/// Where a dataplane may do otherwise than the contract says.
package enum ConformanceException: Sendable, Hashable {
    /// The source that a pod sees of a connection whose socket was balanced at connect(): it keeps the source it has,
    /// whether the contract masquerades or not.
    case sourceOfBalancedSockets
    /// The source that a pod sees of a connection that a process of the node carries: always an address of the node, for
    /// the pod's connection is the relay's own and not the client's.
    case sourceOfRelayedConnections
}

/// What can happen to one connection, as a dataplane was seen to do it.
package enum FlowOutcome: Sendable, Hashable, CustomStringConvertible {
    case delivered(to: IPAddress, port: PortNumber, masqueraded: Bool)
    case rejected
    case dropped
    case untouched

    /// The same, whatever source was seen.
    var withAnySource: FlowOutcome {
        guard case .delivered(let address, let port, _) = self else { return self }
        return .delivered(to: address, port: port, masqueraded: false)
    }

    /// The same, seen from an address of the node.
    var fromTheNode: FlowOutcome {
        guard case .delivered(let address, let port, _) = self else { return self }
        return .delivered(to: address, port: port, masqueraded: true)
    }

    package var description: String {
        switch self {
        case .delivered(let address, let port, let masqueraded):
            "\(World.podName(address) ?? "\(address)") port \(port)" + (masqueraded ? " masqueraded" : "")
        case .rejected: "rejected"
        case .dropped: "dropped"
        case .untouched: "untouched"
        }
    }
}

extension ConformanceFlow {
    /// Every outcome that is allowed. Of a balanced flow each must occur, of a sticky one any may.
    package var allowed: Set<FlowOutcome> {
        switch expected {
        case .balanced(let pods, let port, let masqueraded), .sticky(let pods, let port, let masqueraded, _):
            Set(
                pods.map { text in
                    let parts = text.split(separator: ":")
                    let address = World.pod(String(parts[0]), family)
                    let ownPort = parts.count > 1 ? UInt16(parts[1]).flatMap(PortNumber.init(rawValue:)) : nil
                    return .delivered(
                        to: address, port: ownPort ?? port, masqueraded: masqueraded || address == source)
                })
        case .rejected: [.rejected]
        case .dropped: [.dropped]
        case .untouched: [.untouched]
        }
    }

    /// A line that says how `found` differs from what is expected; nil when it does not.
    package func violation(_ found: Set<FlowOutcome>, excepting exceptions: Set<ConformanceException> = []) -> String? {
        let isExcepted = exceptions.contains(.sourceOfBalancedSockets)
        let demanded = exceptions.contains(.sourceOfRelayedConnections) ? Set(allowed.map(\.fromTheNode)) : allowed
        let allowed = isExcepted ? Set(demanded.map(\.withAnySource)) : demanded
        let found = isExcepted ? Set(found.map(\.withAnySource)) : found
        let isRight =
            if case .sticky = expected { !found.isEmpty && found.isSubset(of: allowed) } else { found == allowed }
        if isRight { return nil }
        let texts = found.map(\.description).sorted().joined(separator: "; ")
        return "\(self): \(expected) expected, found \(texts.isEmpty ? "nothing" : texts)"
    }
}
