internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes
internal import ServicePolicy

/// How pods are told from others (reference 1.6). An external address of a Service with
/// externalTrafficPolicy Local shows it: pods reach every endpoint, others those of this node.
enum DetectorCases {
    private struct Mode {
        let name: String
        let options: PolicyOptions
        /// Families in which this mode knows anything.
        var families = IPFamily.allCases
        let pods: [Sender]
        let others: [Sender]
    }

    private static let modes: [Mode] = [
        Mode(
            name: "by one cluster network a family", options: .conformance, pods: [.pod, .podOnOtherNode], others: [.client]),
        Mode(
            name: "by every one of several cluster networks",
            options: .conformance.with {
                $0.clusterCIDRs = ["10.10.0.0/16", "10.244.1.0/24", "10.244.0.0/24", "fd00:10:244::/64", "fd00:10:244:1::/64"]
                    .map { prefix($0) }
            }, pods: [.pod, .podOnOtherNode], others: [.client]),
        Mode(
            name: "by the networks of the node", options: .conformance.with { $0.localDetection = .nodeCIDR },
            pods: [.pod], others: [.podOnOtherNode, .client]),
        Mode(
            name: "automatically by the networks of the node",
            options: .conformance.with {
                $0.localDetection = .automatic
                $0.clusterCIDRs = []
            }, pods: [.pod], others: [.podOnOtherNode, .client]),
        Mode(
            name: "by the beginning of the interface's name",
            options: .conformance.with { $0.localDetection = .interfaceNamePrefix("pod-") }, pods: [.pod, .pod("a2")],
            others: [.podOnOtherNode, .client]),
        Mode(
            name: "by the bridge they are on", options: .conformance.with { $0.localDetection = .bridgeInterface("pod-a0") },
            pods: [.pod], others: [.pod("a2"), .podOnOtherNode, .client]),
        Mode(
            name: "in the family of the one cluster network",
            options: .conformance.with { $0.clusterCIDRs = [prefix("10.244.0.0/16")] }, families: [.ipv4],
            pods: [.pod, .podOnOtherNode], others: [.client]),
        Mode(
            name: "in the family of the one cluster network",
            options: .conformance.with { $0.clusterCIDRs = [prefix("fd00:10:244::/48")] }, families: [.ipv6],
            pods: [.pod, .podOnOtherNode], others: [.client]),
    ]

    static var all: [ConformanceCase] {
        modes.flatMap { mode in
            IPFamily.allCases.map { family in
                let web = WebService(family, family == .ipv4 ? .tcp : .udp).with { $0.externalPolicy = .local }
                let knows = mode.families.contains(family)
                let pods = knows ? mode.pods : []
                let others = knows ? mode.others : mode.others + mode.pods
                let flows =
                    web.flows(from: pods, Way.external, .balanced(to: ["a1", "b1"], masqueraded: false))
                    + web.flows(from: others, Way.external, .balanced(to: ["a1"], masqueraded: false))
                    + web.flows(from: [.node], Way.external, .balanced(to: ["a1", "b1"], masqueraded: true))
                    + web.flows(from: pods, [.clusterIP], .balanced(to: ["a1", "b1"], masqueraded: false))
                    + web.flows(from: others + [.node], [.clusterIP], .balanced(to: ["a1", "b1"], masqueraded: knows))
                return ConformanceCase(
                    "pods are told \(mode.name)\(mode.families.count == 1 ? " (\(mode.families[0]))" : ""), \(family)",
                    options: mode.options, [web.service(), web.slice(ready: ["a1", "b1"])], flows: flows
                ).representative()
            }
        }
    }
}
