internal import Netlink
internal import NetworkTypes
internal import ServiceTable

/// From a frontend to a balancing chain.
extension TableLayout {
    var servicesRules: [NftablesRule] {
        [
            rule(ChainName.services) {
                $0.frontend()
                $0.setPriority(from: .serviceAddresses)
                $0.goto(ChainName.dispatch)
            },
            rule(ChainName.services) {
                $0.nodePortAtItsAddress()
                $0.setPriority(from: .nodePorts)
                $0.goto(ChainName.dispatch)
            },
        ]
    }

    /// Matches packets from pods; nil when none can be told.
    func podMatch(_ detector: LocalDetector) -> ((inout RuleBuilder) -> Void)? {
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

    func dispatchRules(_ detector: LocalDetector) -> [NftablesRule] {
        func origin(_ map: TableSet, _ match: @escaping (inout RuleBuilder) -> Void) -> [NftablesRule] {
            [
                rule(ChainName.dispatch) {
                    match(&$0)
                    $0.priority()
                    $0.verdict(from: map)
                },
                rule(ChainName.dispatch) {
                    match(&$0)
                    $0.goto(ChainName.giveBack)
                },
            ]
        }
        let pod = podMatch(detector).map { origin(.fromPod, $0) } ?? []
        let node = origin(.fromNode) { $0.sourceIsThisNode() }
        let outside = origin(.fromOutside) { _ in }
        let giveBack = rule(ChainName.giveBack) { $0.clearPriority() }
        return pod + node + outside + [giveBack]
    }
}
