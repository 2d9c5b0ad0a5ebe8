public import NetworkTypes

/// What a frontend is balanced to.
public struct Backend: Sendable, Hashable, CustomStringConvertible {
    public let address: IPAddress
    public let port: PortNumber
    /// Relative share of new connections; 0 takes none.
    public let weight: UInt16
    /// Runs on this node, or may (its node is not known): its own connections can come back to it.
    public let isLocal: Bool
    /// Terminating: used because nothing else is left.
    public let isDraining: Bool

    public init(
        address: IPAddress, port: PortNumber, weight: UInt16 = 1, isLocal: Bool = false, isDraining: Bool = false
    ) {
        self.address = address
        self.port = port
        self.weight = weight
        self.isLocal = isLocal
        self.isDraining = isDraining
    }

    /// `10.0.0.1:80` or `[fd00::1]:80`.
    public var description: String { address.description(withPort: port) }

    /// Two backends with the same address and port are the same place.
    public func isSamePlace(as other: Backend) -> Bool { address == other.address && port == other.port }
}

/// The backends of one service port under one policy, in an order that is stable under change: a
/// backend keeps its index while it stays, unless it is the last and fills a hole. Dataplanes
/// address backends by this index.
public struct BackendSet: Sendable, Hashable {
    public let backends: [Backend]

    public init(_ backends: [Backend]) { self.backends = backends }

    public var count: Int { backends.count }
    public var isEmpty: Bool { backends.isEmpty }
}
