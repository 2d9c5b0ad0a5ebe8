package import NetworkTypes
package import ServiceTable

/// Traffic of one backend, over all processors.
package struct BPFTraffic: Sendable, Hashable {
    package var connections: UInt64 = 0
    package var packetsIn: UInt64 = 0
    package var packetsOut: UInt64 = 0
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0

    package init() {}

    package static func + (a: BPFTraffic, b: BPFTraffic) -> BPFTraffic {
        var sum = a
        sum.connections &+= b.connections
        sum.packetsIn &+= b.packetsIn
        sum.packetsOut &+= b.packetsOut
        sum.bytesIn &+= b.bytesIn
        sum.bytesOut &+= b.bytesOut
        return sum
    }
}

/// A backend as the kernel has it.
package struct BPFRealServer: Sendable, Hashable {
    package let id: UInt32
    package let address: IPAddress
    package let port: PortNumber
    package let weight: UInt16
    package let isDraining: Bool
    /// Open connections.
    package let active: UInt64
    package let traffic: BPFTraffic
}

/// A service port in one family, its addresses and backends, as the kernel has them.
package struct BPFVirtualServer: Sendable, Hashable {
    /// Nil: the table has none any more, and connections are draining.
    package let key: ServicePortKey?
    package let `protocol`: TransportProtocol?
    package let scheduler: Scheduler?
    /// Where it is reached at.
    package let frontends: [FrontendKey]
    package let servers: [BPFRealServer]
}

/// An open connection.
package struct BPFConnectionRecord: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, Codable {
        case opening = "SYN_RECV"
        case established = "ESTABLISHED"
        case closing = "FIN_WAIT"
        case closed = "CLOSE"
        case udp = "UDP"
        /// Of a socket of this node: its state is the socket's.
        case socket = "SOCKET"
    }

    package struct End: Sendable, Hashable, CustomStringConvertible {
        package let address: IPAddress
        package let port: UInt16

        package var description: String { address.description(withPort: port) }
    }

    package let `protocol`: TransportProtocol
    package let state: State
    /// Seconds until it is forgotten when nothing comes; nil of a socket, which is counted until it closes.
    package let expires: Int?
    /// Nil of a socket: it may not be bound yet when it is balanced.
    package let source: End?
    package let virtual: End
    package let destination: End
}

/// How full the tables are, and what became of what did not fit.
package struct BPFTableUsage: Sendable, Hashable {
    package var connections: UInt64 = 0
    package var sockets: UInt64 = 0
    package var connectionLimit = 0
    package var socketLimit = 0
    package var connectionsRefused: UInt64 = 0
    package var socketsUncounted: UInt64 = 0
    package var expired: UInt64 = 0
    package var evicted: UInt64 = 0

    package init() {}
}
