internal import Netlink
internal import NetworkTypes
internal import ServiceTable

/// What is refused, and where packets come in.
extension TableLayout {
    /// Source ranges, before any translation: a packet that may not is dropped without a word.
    var firewallRules: [NftablesRule] {
        [
            rule(ChainName.firewall) {
                $0.frontend()
                $0.setPriority(from: .restrictedServices)
                $0.goto(ChainName.firewallSources)
            },
            rule(ChainName.firewallSources) {
                $0.priorityInNetworkOrder()
                $0.sourceAddress()
                $0.isIn(.allowedSources)
                $0.goto(ChainName.giveBack)
            },
            rule(ChainName.firewallSources) { $0.append(.verdict(.drop)) },
        ]
    }

    var filterRules: [NftablesRule] {
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
            // What was sent to a backend is not for a frontend any more, even where the backend is the
            // node itself and its port the number of a NodePort.
            rule(ChainName.noEndpoints) {
                $0.isDestinationTranslated()
                $0.goto(ChainName.giveBack)
            },
            refuse(.rejectServices, .goto(ChainName.reject)) { $0.frontend() },
            refuse(.dropServices, .drop) { $0.frontend() },
            refuse(.rejectNodePorts, .goto(ChainName.reject)) { $0.nodePortAtItsAddress() },
            refuse(.dropNodePorts, .drop) { $0.nodePortAtItsAddress() },
            rule(ChainName.clusterIPs) {
                $0.destinationAddress()
                $0.isIn(.clusterIPs)
                $0.goto(ChainName.reject)
            },
            rule(ChainName.clusterIPs) {
                $0.destinationAddress()
                $0.isIn(.serviceRanges)
                $0.append(.verdict(.drop))
            },
        ]
    }

    var hookRules: [NftablesRule] {
        let filters = ["filter-input", "filter-forward", "filter-output"].map { chain in
            rule(chain) {
                $0.isNewConnection()
                $0.jump(ChainName.noEndpoints)
            }
        }
        // Not at the input hook, as kube-proxy: an address of a Service that this host has is its own affair.
        let clusterIPs = ["filter-forward", "filter-output"].map { chain in
            rule(chain) {
                $0.isNewConnection()
                $0.jump(ChainName.clusterIPs)
            }
        }
        let firewalls = ["firewall-prerouting", "firewall-output"].map { chain in
            rule(chain) {
                $0.isNewConnection()
                $0.jump(ChainName.firewall)
            }
        }
        return [
            rule("nat-prerouting") { $0.jump(ChainName.services) },
            rule("nat-output") { $0.jump(ChainName.services) },
            rule("nat-postrouting") {
                $0.isDestinationTranslated()
                $0.jump(ChainName.masquerading)
            },
        ] + firewalls + filters + clusterIPs
    }
}
