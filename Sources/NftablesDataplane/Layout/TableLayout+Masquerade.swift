internal import Netlink
internal import NetworkTypes
internal import ServiceTable

/// Which connections get the node's address.
extension TableLayout {
    func masqueradeRules(_ detector: LocalDetector) -> [NftablesRule] {
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
                    $0.goto(ChainName.giveBack)
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
            $0.clearPriority()
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
}
