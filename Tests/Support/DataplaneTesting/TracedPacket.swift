package import NetworkTypes

/// The first packet of a connection, or one of a connection that is under way.
package struct TracedPacket: Sendable, Hashable, CustomStringConvertible {
    package var source: IPAddress
    package var destination: IPAddress
    package var `protocol`: TransportProtocol
    package var sourcePort: PortNumber
    package var destinationPort: PortNumber
    /// Nil: sent by the node itself.
    package var inputInterface: String?
    package var isNewConnection: Bool
    /// A rule before connection tracking said `notrack`, in this table or another's.
    package var isUntracked = false

    package init(
        from source: IPAddress, to destination: IPAddress, _ port: PortNumber,
        _ transport: TransportProtocol = .tcp, on inputInterface: String?, sourcePort: PortNumber = 40000,
        isNewConnection: Bool = true
    ) {
        self.source = source
        self.destination = destination
        self.protocol = transport
        self.sourcePort = sourcePort
        self.destinationPort = port
        self.inputInterface = inputInterface
        self.isNewConnection = isNewConnection
    }

    package var description: String {
        "\(`protocol`) \(source) -> \(destination) port \(destinationPort)"
            + (inputInterface.map { " on \($0)" } ?? " from the node") + (isNewConnection ? "" : ", established")
            + (isUntracked ? ", untracked" : "")
    }
}

/// Where a packet ended up.
package enum TraceOutcome: Sendable, Hashable, CustomStringConvertible {
    /// Translated or masqueraded.
    case delivered(to: IPAddress, PortNumber, masqueraded: Bool)
    case rejected
    case dropped
    /// No rule acted on it.
    case untouched

    package var description: String {
        switch self {
        case .delivered(let address, let port, let masqueraded):
            address.description(withPort: port) + (masqueraded ? " M" : "")
        case .rejected: "rejected"
        case .dropped: "dropped"
        case .untouched: "untouched"
        }
    }
}

/// The rules did what rules of a sound table never do.
package struct TraceError: Error, Sendable, CustomStringConvertible {
    package let packet: TracedPacket
    package let chain: String
    package let what: String

    package var description: String { "\(packet): chain \(chain): \(what)" }
}
