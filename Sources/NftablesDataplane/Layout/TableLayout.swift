package import Netlink
internal import NetworkTypes
package import ServiceTable

/// The constant part of a Fairway table: its chains and rules depend on the node, never on Services.
///
/// A packet's way: `services` finds the treatment code of the address (or NodePort) it is sent to and
/// keeps it in the packet's priority; `dispatch` finds the balancing chain for the code and the
/// packet's origin; the chain draws an index and translates to the endpoint found under it. In
/// postrouting the code is found again from the connection's original destination, and says whether
/// the connection gets the node's address.
///
/// The priority (`skb->priority`) is borrowed because nft can print it as the value of a map, because
/// no router, CNI or firewall decides by it as they do by the mark and the conntrack mark, and because
/// the kernel itself sets it anew from the TOS field for each IPv4 packet that it forwards. It is
/// given back as 0, and only the first packet of a connection to a Service is ever touched.
package struct TableLayout: Sendable {
    package static let tableName = "fairway"

    package let family: NftablesFamily
    package init(family: NftablesFamily) { self.family = family }

    package var table: NftablesTable {
        NftablesTable(family: family, name: Self.tableName, comment: "Kubernetes Services, kept by Fairway")
    }

    package var sets: [NftablesSet] { TableSet.allCases.map { $0.definition(family) } }

    enum ChainName {
        static let services = "services"
        static let dispatch = "dispatch"
        static let unbalanced = "unbalanced"
        static let masquerading = "masquerading"
        static let masqueradeCheck = "masquerade-check"
        /// Not `masquerade`: nft prints that name but takes it for a keyword when it reads it back.
        static let masquerade = "masquerade-chain"
        static let noEndpoints = "no-endpoints-check"
        static let reject = "reject-chain"
    }

    /// Regular chains first, so that every jump finds its target.
    package var chains: [NftablesChain] {
        let regular = [
            NftablesChain(ChainName.unbalanced, comment: "no endpoint for this origin: left to the filter chains"),
            NftablesChain(ChainName.dispatch, comment: "treatment by origin"),
            NftablesChain(ChainName.services, comment: "is it for a Service?"),
            NftablesChain(ChainName.masquerade),
            NftablesChain(ChainName.masqueradeCheck, comment: "which origins get the address of the node"),
            NftablesChain(ChainName.masquerading),
            NftablesChain(ChainName.reject),
            NftablesChain(ChainName.noEndpoints, comment: "Services without endpoints"),
        ]
        return regular + Self.baseChains
    }

    private static let baseChains: [NftablesChain] = [
        base("nat-prerouting", .nat, .prerouting, -100),
        base("nat-output", .nat, .output, -100),
        base("nat-postrouting", .nat, .postrouting, 100),
        base("filter-input", .filter, .input, 0),
        base("filter-forward", .filter, .forward, 0),
        base("filter-output", .filter, .output, 0),
    ]

    private static func base(
        _ name: String, _ type: NftablesChain.ChainType, _ hook: NftablesChain.Hook, _ priority: Int32
    ) -> NftablesChain {
        NftablesChain(name, attachment: .init(type: type, hook: hook, priority: priority))
    }

    /// Rules of the constant chains, in order, for a node that tells its pods like this.
    package func rules(_ detector: LocalDetector) -> [NftablesRule] {
        servicesRules + dispatchRules(detector) + masqueradeRules(detector) + filterRules + hookRules
    }

    private func rule(_ chain: String, _ build: (inout RuleBuilder) -> Void) -> NftablesRule {
        var builder = RuleBuilder(family)
        build(&builder)
        return NftablesRule(chain: chain, builder.expressions)
    }

    private var servicesRules: [NftablesRule] {
        [
            rule(ChainName.services) {
                $0.destinationAddress()
                $0.transportProtocol()
                $0.destinationPort()
                $0.setPriority(from: .serviceAddresses)
                $0.goto(ChainName.dispatch)
            },
            rule(ChainName.services) {
                $0.destinationAddress()
                $0.isIn(.nodePortAddresses)
                $0.transportProtocol()
                $0.destinationPort()
                $0.setPriority(from: .nodePorts)
                $0.goto(ChainName.dispatch)
            },
        ]
    }

    /// Matches packets from pods; nil when none can be told.
    private func podMatch(_ detector: LocalDetector) -> ((inout RuleBuilder) -> Void)? {
        switch detector {
        case .none: nil
        case .sourcePrefixes(let prefixes):
            if prefixes.contains(where: { $0.family == family.ipFamily }) {
                {
                    $0.sourceAddress()
                    $0.isIn(.podPrefixes)
                }
            } else {
                nil
            }
        case .interface(let name): { $0.inputInterface(is: name) }
        case .interfacePrefix(let prefix): { $0.inputInterface(hasPrefix: prefix) }
        }
    }

    private func dispatchRules(_ detector: LocalDetector) -> [NftablesRule] {
        func origin(_ map: TableSet, _ match: @escaping (inout RuleBuilder) -> Void) -> [NftablesRule] {
            [
                rule(ChainName.dispatch) {
                    match(&$0)
                    $0.priority()
                    $0.verdict(from: map)
                },
                rule(ChainName.dispatch) {
                    match(&$0)
                    $0.goto(ChainName.unbalanced)
                },
            ]
        }
        let pod = podMatch(detector).map { origin(.fromPod, $0) } ?? []
        let node = origin(.fromNode) { $0.sourceIsThisNode() }
        let outside = origin(.fromOutside) { _ in }
        let unbalanced = rule(ChainName.unbalanced) { $0.clearPriority() }
        return pod + node + outside + [unbalanced]
    }

    private func masqueradeRules(_ detector: LocalDetector) -> [NftablesRule] {
        func origin(_ set: TableSet, _ match: @escaping (inout RuleBuilder) -> Void) -> [NftablesRule] {
            [
                rule(ChainName.masqueradeCheck) {
                    match(&$0)
                    $0.priority()
                    $0.isIn(set)
                    $0.goto(ChainName.masquerade)
                },
                rule(ChainName.masqueradeCheck) {
                    match(&$0)
                    $0.goto(ChainName.unbalanced)
                },
            ]
        }
        let check =
            (podMatch(detector).map { origin(.masqueradeFromPod, $0) } ?? [])
            + origin(.masqueradeFromNode) { $0.sourceIsThisNode() } + origin(.masqueradeFromOutside) { _ in }
        let masquerade = rule(ChainName.masquerade) {
            $0.clearPriority()
            $0.append(.masquerade(fullyRandom: true))
        }
        let hairpin = rule(ChainName.masquerading) {
            $0.sourceAddress()
            $0.destinationAddress()
            $0.isIn(.hairpinEndpoints)
            $0.append(.masquerade(fullyRandom: true))
        }
        // nft can concatenate the original port only where the rule has fixed the protocol.
        let found = TransportProtocol.allCases.flatMap { transport in
            [
                rule(ChainName.masquerading) {
                    $0.transportProtocol(is: transport)
                    $0.originalDestinationAddress()
                    $0.transportProtocol()
                    $0.originalDestinationPort()
                    $0.setPriority(from: .serviceAddresses)
                    $0.goto(ChainName.masqueradeCheck)
                },
                rule(ChainName.masquerading) {
                    $0.transportProtocol(is: transport)
                    $0.originalDestinationAddress()
                    $0.isIn(.nodePortAddresses)
                    $0.transportProtocol()
                    $0.originalDestinationPort()
                    $0.setPriority(from: .nodePorts)
                    $0.goto(ChainName.masqueradeCheck)
                },
            ]
        }
        return check + [masquerade, hairpin] + found
    }

    private var filterRules: [NftablesRule] {
        let frontend = { (builder: inout RuleBuilder) in
            builder.destinationAddress()
            builder.transportProtocol()
            builder.destinationPort()
        }
        let nodePort = { (builder: inout RuleBuilder) in
            builder.destinationAddress()
            builder.isIn(.nodePortAddresses)
            builder.transportProtocol()
            builder.destinationPort()
        }
        func refuse(
            _ set: TableSet, _ verdict: NftablesVerdict, _ match: @escaping (inout RuleBuilder) -> Void
        ) -> NftablesRule {
            rule(ChainName.noEndpoints) {
                match(&$0)
                $0.isIn(set)
                $0.append(.verdict(verdict))
            }
        }
        return [
            rule(ChainName.reject) { $0.append(.reject(.portUnreachable)) },
            refuse(.rejectServices, .goto(ChainName.reject), frontend),
            refuse(.dropServices, .drop, frontend),
            refuse(.rejectNodePorts, .goto(ChainName.reject), nodePort),
            refuse(.dropNodePorts, .drop, nodePort),
        ]
    }

    private var hookRules: [NftablesRule] {
        let filters = ["filter-input", "filter-forward", "filter-output"].map { chain in
            rule(chain) {
                $0.isNewConnection()
                $0.jump(ChainName.noEndpoints)
            }
        }
        return [
            rule("nat-prerouting") { $0.jump(ChainName.services) },
            rule("nat-output") { $0.jump(ChainName.services) },
            rule("nat-postrouting") {
                $0.isDestinationTranslated()
                $0.jump(ChainName.masquerading)
            },
        ] + filters
    }

    /// The one rule of a balancing chain.
    package func rule(of chain: BalanceChain) -> NftablesRule {
        rule(chain.name) {
            $0.clearPriority()
            if !chain.isNodePort { $0.destinationAddress() }
            $0.transportProtocol()
            $0.destinationPort()
            $0.randomIndex(modulus: chain.count)
            $0.translateDestination(from: chain.endpoints)
        }
    }
}
