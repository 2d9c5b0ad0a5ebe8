/// What a scheduler that compares backends knows of one.
public struct BackendLoad: Sendable, Hashable {
    /// Open now.
    public var connections: UInt64
    public var weight: UInt16
    /// Keeps its connections, takes no new one.
    public var isDraining: Bool

    public init(connections: UInt64 = 0, weight: UInt16 = 1, isDraining: Bool = false) {
        self.connections = connections
        self.weight = weight
        self.isDraining = isDraining
    }

    public var takesConnections: Bool { weight > 0 && !isDraining }
}
