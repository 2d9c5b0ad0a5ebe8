internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes
internal import ServicePolicy

/// Which addresses of the node serve NodePorts (reference 1.7; no family left open by accident, 9).
enum NodePortAddressCases {
    private enum Place: CaseIterable { case primary, second, link }

    private static func address(_ place: Place, _ family: IPFamily) -> IPAddress {
        switch place {
        case .primary: World.nodeAddress(family)
        case .second: World.secondNodeAddress(family)
        case .link: World.linkAddresses(family)[1]
        }
    }

    private struct Choice {
        let name: String
        let choice: PolicyOptions.NodePortAddresses
        var node: Node = World.nodeObject
        let served: [IPFamily: Set<Place>]
    }

    private static func prefixes(_ texts: String...) -> PolicyOptions.NodePortAddresses { .prefixes(texts.map { prefix($0) }) }

    private static func node(_ addresses: [String]) -> Node {
        var node = World.nodeObject
        node.addresses = addresses.map { Node.Address(type: "InternalIP", address: $0) }
        return node
    }

    private static let everywhere = Set(Place.allCases)

    private static let choices: [Choice] = [
        Choice(name: "primary addresses", choice: .primary, served: [.ipv4: [.primary], .ipv6: [.primary]]),
        Choice(
            name: "primary addresses of a node with IPv4 alone", choice: .primary, node: node(["192.0.2.1"]),
            served: [.ipv4: [.primary]]),
        Choice(
            name: "primary addresses of a node with several", choice: .primary,
            node: node(["192.0.2.1", "172.31.0.1", "2001:db8:2::1", "fd00:172:31::1"]),
            served: [.ipv4: [.primary, .second], .ipv6: [.primary, .second]]),
        Choice(
            name: "addresses in the prefixes given", choice: prefixes("172.31.0.0/16", "fd00:172::/32"),
            served: [.ipv4: [.second], .ipv6: [.second]]),
        Choice(
            name: "addresses in one of several prefixes", choice: prefixes("172.31.0.0/16", "192.0.4.0/24", "2001:db8::/32"),
            served: [.ipv4: [.second, .link], .ipv6: [.primary, .link]]),
        Choice(name: "every IPv4 address, and no IPv6 one", choice: prefixes("0.0.0.0/0"), served: [.ipv4: everywhere]),
        Choice(
            name: "every address", choice: prefixes("0.0.0.0/0", "::/0"),
            served: [.ipv4: everywhere, .ipv6: everywhere]),
        Choice(name: "none, for the node has none of those given", choice: prefixes("198.18.0.0/15"), served: [:]),
    ]

    static var all: [ConformanceCase] {
        choices.flatMap { choice in
            IPFamily.allCases.flatMap { family in
                [true, false].map { hasEndpoints in
                    let web = WebService(family, family == .ipv4 ? .udp : .tcp)
                    let flows = Place.allCases.flatMap { place in
                        [Sender.pod, .node, .client].map { sender in
                            let isServed = choice.served[family]?.contains(place) ?? false
                            let served: Expectation =
                                hasEndpoints ? .balanced(to: ["a1", "b1"], masqueraded: true) : .rejected
                            return ConformanceFlow(
                                from: sender, to: address(place, family), port: web.nodePort, web.transport,
                                isServed ? served : .untouched)
                        }
                    }
                    return ConformanceCase(
                        "NodePorts at \(choice.name), \(hasEndpoints ? "with" : "without") endpoints, \(family)",
                        options: .conformance.with { $0.nodePortAddresses = choice.choice },
                        [web.service(), .node(choice.node)] + (hasEndpoints ? [web.slice(ready: ["a1", "b1"])] : []),
                        flows: flows
                    ).representative()
                }
            }
        }
    }
}
