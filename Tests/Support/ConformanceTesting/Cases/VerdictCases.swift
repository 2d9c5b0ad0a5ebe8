internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes

/// The verdict table (1.4) and its empty rows (1.5), with endpoints in every situation (1.3).
enum VerdictCases {
    static let senders = Sender.kinds + [.pod("a1")]

    static var all: [ConformanceCase] {
        var cases: [ConformanceCase] = []
        for policies in Policies.allCases {
            for family in IPFamily.allCases {
                for transport in [TransportProtocol.tcp, .udp] {
                    for situation in Situation.byCondition + Situation.byTopology {
                        cases.append(
                            make(situation, policies, .detector, WebService(family, transport))
                                .representative(isShown(situation, policies, family, transport)))
                    }
                    for masquerading in Masquerading.allCases where masquerading != .detector {
                        for situation in [Situation.both, .remoteOnly, .none] {
                            cases.append(
                                make(situation, policies, masquerading, WebService(family, transport))
                                    .representative((family == .ipv4) == (transport == .tcp) && policies != .bothLocal))
                        }
                    }
                }
                cases.append(make(.both, policies, .detector, WebService(family, .sctp)))
                cases.append(make(.none, policies, .detector, WebService(family, .sctp)))
                cases.append(make(.remoteOnly, policies, .detector, WebService(family, .sctp)))
            }
        }
        return cases
    }

    /// With real packets: every policy with endpoints here, elsewhere and nowhere in both families and
    /// protocols; the other situations, which the table alone decides, in one combination each.
    private static func isShown(
        _ situation: Situation, _ policies: Policies, _ family: IPFamily, _ transport: TransportProtocol
    ) -> Bool {
        let basic = [Situation.both, .remoteOnly, .none].contains { $0.name == situation.name }
        if basic { return policies != .internalLocal || family == .ipv4 }
        let isDiagonal = (family == .ipv4) == (transport == .tcp)
        return isDiagonal && (policies == .bothLocal || (policies == .standard && family == .ipv4))
    }

    private static func make(
        _ situation: Situation, _ policies: Policies, _ masquerading: Masquerading, _ plain: WebService
    ) -> ConformanceCase {
        let web = plain.with {
            $0.externalPolicy = policies.external
            $0.internalPolicy = policies.internal
        }
        let flows = Way.allCases.flatMap { way in
            senders.map { sender in
                web.flow(sender, way, VerdictTable.expectation(sender, way, policies, masquerading, situation))
            }
        }
        let objects = [web.service(), web.slice(situation.endpoints(web.family))] + (situation.node.map { [.node($0)] } ?? [])
        return ConformanceCase(
            "\(situation), \(policies.rawValue), \(masquerading.rawValue), \(web.family) \(web.transport)",
            options: masquerading.options, objects, flows: flows)
    }
}
