public import NetworkTypes

/// The pods of one node that have an address of their own: which namespace a client's address belongs to. Immutable.
public struct LocalPods: Sendable, Hashable {
    public let namespaces: [IPAddress: String]

    public init(namespaces: [IPAddress: String] = [:]) { self.namespaces = namespaces }
}
