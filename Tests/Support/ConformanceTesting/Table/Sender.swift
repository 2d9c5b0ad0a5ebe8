package import NetworkTypes

/// Where a packet comes from.
package enum Sender: Sendable, Hashable, CustomStringConvertible {
    case pod(String)
    /// node-a, from its InternalIP.
    case node
    /// Outside the cluster; each number has an address of its own.
    case client(Int)

    package static let client = Sender.client(0)
    /// A pod of node-a that serves nothing.
    package static let pod = Sender.pod("a0")
    /// A pod of node-b that serves nothing.
    package static let podOnOtherNode = Sender.pod("b0")
    /// The five kinds that the verdict table tells apart, the backend that asks itself among them.
    package static let kinds: [Sender] = [.pod, .podOnOtherNode, .node, .client]

    package func source(_ family: IPFamily) -> IPAddress {
        switch self {
        case .pod(let name): World.pod(name, family)
        case .node: World.nodeAddress(family)
        case .client(let index): World.client(index, family)
        }
    }

    /// Its processes run on node-a.
    package var isOnNode: Bool {
        switch self {
        case .node: true
        case .pod(let name): World.localPods.contains(name)
        case .client: false
        }
    }

    /// The interface of node-a that its packets arrive on; nil: node-a sends them itself.
    package var interface: String? {
        switch self {
        case .pod(let name): name.hasPrefix("a") ? "pod-\(name)" : "node-b"
        case .node: nil
        case .client: "clients"
        }
    }

    package var description: String {
        switch self {
        case .pod(let name): "pod \(name)"
        case .node: "the node"
        case .client(let index): index == 0 ? "a client" : "client \(index)"
        }
    }
}
