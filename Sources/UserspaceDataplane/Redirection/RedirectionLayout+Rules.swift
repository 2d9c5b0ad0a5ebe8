internal import Netlink
internal import NetworkTypes
internal import ServiceTable

extension RedirectionLayout {
    /// Source ranges: who may not is dropped without a word, before anything else is decided.
    var firewallRules: [NftablesRule] {
        [
            rule(ChainName.firewall) {
                $0.frontend()
                $0.isIn(.restricted)
                $0.verdict(.goto(ChainName.firewallSources))
            },
            rule(ChainName.firewallSources) {
                $0.frontend()
                $0.sourceAddress()
                $0.isIn(.allowedSources)
                $0.verdict(.return)
            },
            rule(ChainName.firewallSources) { $0.verdict(.drop) },
        ]
    }

    /// To the relay's listeners.
    var relayRules: [NftablesRule] {
        var rules = [
            ofTheRelay(ChainName.established) { $0.transportProtocol(is: .tcp) },
            // Such as a router's word about the path's MTU: the socket is that of the packet it quotes.
            ofTheRelay(ChainName.established) { $0.controlMessages() },
            // To a client's address, which the backend takes for the sender. Datagrams from clients have no such socket.
            ofTheRelay(ChainName.answers) { $0.transportProtocol(is: .udp) },
            rule(ChainName.divertDatagrams) { $0.clearPriority() },
            rule(ChainName.divertDatagrams) {
                $0.transportProtocol(is: .udp)
                $0.addMark(marks.divert)
                $0.verdict(.accept)
            },
        ]
        for origin in RedirectionCode.Origin.allCases {
            let (proxy, translate) = (ChainName.relay(.diverted, origin), ChainName.relay(.translated, origin))
            rules += [proxy, translate].map { rule($0) { $0.clearPriority() } }
            rules += [TransportProtocol.tcp, .udp].map { transport in
                rule(proxy) {
                    $0.transportProtocol(is: transport)
                    $0.proxy(toPort: ports[.init(protocol: transport, way: .diverted, origin: origin)])
                    $0.addMark(marks.divert)
                    $0.verdict(.accept)
                }
            }
            rules.append(
                rule(translate) {
                    $0.transportProtocol(is: .tcp)
                    $0.translate(toPort: ports[.init(protocol: .tcp, way: .translated, origin: origin)])
                })
        }
        return rules
    }

    /// Brings packets whose socket is the relay's to this host.
    private func ofTheRelay(_ chain: String, _ match: (inout RuleBuilder) -> Void) -> NftablesRule {
        rule(chain) {
            match(&$0)
            $0.socketIsTransparent(markedWith: marks.own)
            $0.addMark(marks.divert)
            $0.verdict(.accept)
        }
    }

    /// From the packet's priority to what is done.
    func decisionRules(_ detector: LocalDetector) -> [NftablesRule] {
        Hook.allCases.flatMap { hook -> [NftablesRule] in
            let dispatch = ChainName.dispatch(hook)
            var rules: [NftablesRule] = []
            if let isPod = podMatch(detector) {
                rules.append(
                    rule(dispatch) {
                        isPod(&$0)
                        $0.verdict(.goto(ChainName.decide(hook, .pod)))
                    })
            }
            rules.append(
                rule(dispatch) {
                    $0.sourceIsThisNode()
                    $0.verdict(.goto(ChainName.decide(hook, .node)))
                })
            rules.append(rule(dispatch) { $0.verdict(.goto(ChainName.decide(hook, .outside))) })
            return rules + RedirectionCode.Origin.allCases.flatMap { decisions(hook, $0) }
        }
    }

    private func decisions(_ hook: Hook, _ origin: RedirectionCode.Origin) -> [NftablesRule] {
        let chain = ChainName.decide(hook, origin)
        func decision(_ action: RedirectionAction, _ verdict: NftablesVerdict) -> NftablesRule {
            rule(chain) {
                $0.priority(origin.mask, is: origin.bits(action))
                $0.verdict(verdict)
            }
        }
        let giveBack = rule(chain) { $0.clearPriority() }
        // What is refused was refused before translation.
        let refusals = [decision(.reject, .goto(ChainName.refuse)), decision(.drop, .drop)]
        return switch hook {
        case .prerouting: [decision(.relay, .goto(ChainName.relay(.diverted, origin)))] + refusals + [giveBack]
        case .output: [decision(.relay, .goto(ChainName.divertDatagrams))] + refusals + [giveBack]
        case .translation: [decision(.relay, .goto(ChainName.relay(.translated, origin))), giveBack]
        }
    }

    /// Matches packets from pods; nil when none can be told.
    private func podMatch(_ detector: LocalDetector) -> ((inout RuleBuilder) -> Void)? {
        guard detector.tellsPods(of: family.ipFamily) else { return nil }
        return switch detector {
        case .none: nil
        case .sourcePrefixes:
            {
                $0.sourceAddress()
                $0.isIn(.podPrefixes)
            }
        case .interface(let name): { $0.inputInterface(is: name) }
        case .interfacePrefix(let prefix): { $0.inputInterface(hasPrefix: prefix) }
        }
    }

    var refusalRules: [NftablesRule] {
        [
            rule(ChainName.refuse) { $0.clearPriority() },
            // Connections that were taken go on.
            rule(ChainName.refuse) {
                $0.transportProtocol(is: .tcp)
                $0.isNoNewConnection()
                $0.verdict(.return)
            },
            rule(ChainName.refuse) { $0.reject() },
            // What is on its way to the relay, or from it.
            rule(ChainName.clusterIPs) {
                $0.markHas(anyOf: marks.own | marks.divert)
                $0.verdict(.return)
            },
            rule(ChainName.clusterIPs) {
                $0.destinationAddress()
                $0.isIn(.clusterIPs)
                $0.reject()
            },
            rule(ChainName.clusterIPs) {
                $0.destinationAddress()
                $0.isIn(.serviceRanges)
                $0.verdict(.drop)
            },
        ]
    }

    var hookRules: [NftablesRule] {
        let established = rule("prerouting") {
            $0.isNoNewConnection()
            $0.verdict(.jump(ChainName.established))
        }
        // An answer to this node's own port may have the number of a NodePort.
        func notAnswers(_ chain: String, _ verdict: NftablesVerdict) -> [NftablesRule] {
            [
                rule(chain) {
                    $0.isReply()
                    $0.verdict(verdict)
                },
                rule(chain) {
                    $0.isNewConnection()
                    $0.verdict(.jump(ChainName.firewall))
                },
            ]
        }
        let filters = ["filter-forward", "filter-output"].map { chain in
            rule(chain) {
                $0.isNewConnection()
                $0.verdict(.jump(ChainName.clusterIPs))
            }
        }
        // An answer that comes when connection tracking has forgotten the question.
        let late = rule("prerouting") { $0.verdict(.goto(ChainName.answers)) }
        return [leaveAlone("prerouting", marks.own), established]
            + notAnswers("prerouting", .goto(ChainName.answers)) + lookups(.prerouting) + [late]
            + [leaveAlone("output", marks.own)] + notAnswers("output", .return) + lookups(.output)
            + [leaveAlone("translation", marks.own | marks.divert)] + lookups(.translation) + filters
    }

    private func leaveAlone(_ chain: String, _ bits: UInt32) -> NftablesRule {
        rule(chain) {
            $0.markHas(anyOf: bits)
            $0.verdict(.return)
        }
    }

    private func lookups(_ hook: Hook) -> [NftablesRule] {
        [
            rule(hook.rawValue) {
                $0.frontend()
                $0.setPriority(from: .frontends)
                $0.verdict(.goto(ChainName.dispatch(hook)))
            },
            rule(hook.rawValue) {
                $0.destinationAddress()
                $0.isIn(.nodePortAddresses)
                $0.nodePort()
                $0.setPriority(from: .nodePorts)
                $0.verdict(.goto(ChainName.dispatch(hook)))
            },
        ]
    }
}
