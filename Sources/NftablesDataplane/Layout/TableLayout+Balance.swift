package import Netlink
internal import NetworkTypes
internal import ServiceTable

/// From a balancing chain to an endpoint.
extension TableLayout {
    /// The rules of a balancing chain.
    package func rules(of chain: BalanceChain) -> [NftablesRule] {
        if let seconds = chain.affinitySeconds { return affinityRules(chain, seconds) }
        return [
            rule(chain.name) {
                $0.clearPriority()
                $0.frontend(of: chain)
                $0.index(chain.draw, modulus: chain.count)
                $0.translateDestination(from: chain.maps.endpoints)
            }
        ]
    }

    /// A client goes where it went before, while that endpoint is one of this chain's; else an endpoint
    /// is drawn and remembered. Each new connection renews the memory.
    ///
    /// An endpoint is remembered by its id, whose upper bits are the owner (the service port, or the whole
    /// Service): so the priority holds key and value at once, and no mark is needed. `update` leaves the
    /// value of an element that exists alone and renews its time (nft_dynset_eval in
    /// net/netfilter/nft_dynset.c). Where the memory is full the drawn endpoint is used.
    private func affinityRules(_ chain: BalanceChain, _ seconds: Int32) -> [NftablesRule] {
        let draw = rule(chain.name) {
            $0.frontend(of: chain)
            $0.index(chain.draw, modulus: chain.count)
            $0.setPriority(from: chain.maps.affinitySlots)
        }
        let remember = rule(chain.name) {
            $0.affinityOwner()
            $0.sourceAddress()
            $0.remember(.update, seconds: seconds)
        }
        let translate = rule(chain.name) {
            $0.frontend(of: chain)
            $0.priority()
            $0.translateDestination(from: chain.maps.affinityEndpoints)
        }
        let recall = [
            rule(chain.name) { $0.keepAffinityOwner() },
            rule(chain.name) {
                $0.priority()
                $0.sourceAddress()
                $0.setPriority(from: .affinity)
            },
        ]
        // What was remembered is gone, or no endpoint for this origin.
        let forget = rule(chain.name) {
            $0.affinityOwner()
            $0.sourceAddress()
            $0.remember(.delete, seconds: nil)
        }
        return [draw, remember] + recall + [translate, forget, draw, remember, translate]
    }
}

extension RuleBuilder {
    /// The key of the frontend that a packet is for, as the chain's maps have it.
    fileprivate mutating func frontend(of chain: BalanceChain) {
        if chain.isNodePort { nodePort() } else { frontend() }
    }
}
