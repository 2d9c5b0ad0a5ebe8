internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes

/// loadBalancerSourceRanges (reference 1.2): they hold for the load balancer's address alone, for every
/// origin, before anything else is decided.
enum SourceRangeCases {
    static var all: [ConformanceCase] { WebService.rows(cases).map { $0.needing(.sourceRanges) } }

    private static func host(_ address: IPAddress) -> IPPrefix { IPPrefix(address) }

    private static func cases(_ web: WebService) -> [ConformanceCase] {
        let family = web.family
        let client = host(World.client(0, family))
        let stranger = Sender.client(1)
        let pods: Set = ["a1", "b1"]
        let slice = web.slice(ready: ["a1", "b1"])
        let other: IPFamily = family == .ipv4 ? .ipv6 : .ipv4
        func service(_ ranges: [IPPrefix], _ plain: WebService) -> KubernetesObject {
            plain.service { $0.spec.loadBalancerSourceRanges = ranges }
        }
        func row(
            _ name: String, _ ranges: [IPPrefix], allowed: [Sender], dropped: [Sender], slices: [KubernetesObject]? = nil
        ) -> ConformanceCase {
            ConformanceCase(
                name, [service(ranges, web)] + (slices ?? [slice]),
                flows: web.works(pods, from: allowed, [.loadBalancerIP])
                    + web.flows(from: dropped, [.loadBalancerIP], .dropped))
        }
        let everyone: [Sender] = [.client, stranger, .pod, .podOnOtherNode, .node]
        let anyOf = family == .ipv4 ? "0.0.0.0/0" : "::/0"
        let local = web.with { $0.externalPolicy = .local }
        return [
            row(
                "a source range lets in who is in it and drops all others, pods and the node too", [client],
                allowed: [.client], dropped: [stranger, .pod, .podOnOtherNode, .node]),
            row(
                "each of several source ranges lets in", [client, prefix(family == .ipv4 ? "10.244.0.0/24" : "fd00:10:244::/64")],
                allowed: [.client, .pod], dropped: [stranger, .podOnOtherNode, .node]),
            row(
                "overlapping source ranges let in as one",
                [client, host(World.client(1, family)), prefix(family == .ipv4 ? "192.0.2.8/29" : "2001:db8:2::10/124")],
                allowed: [.client, stranger], dropped: [.pod, .node]),
            row("a source range of length 0 lets everybody in", [client, prefix(anyOf)], allowed: everyone, dropped: []),
            row(
                "source ranges of the other family alone let nobody of this family in",
                [host(World.client(0, other))], allowed: [], dropped: everyone),
            row(
                "everybody of the other family is nobody of this one",
                [prefix(family == .ipv4 ? "::/0" : "0.0.0.0/0")], allowed: [], dropped: everyone),
            row(
                "a source range with the node's address lets the node in", [host(World.nodeAddress(family))],
                allowed: [.node], dropped: [.client, .pod]),
            ConformanceCase(
                "source ranges do not hold for ClusterIP, NodePort and externalIP", [service([client], web), slice],
                flows: web.works(pods, from: [stranger, .pod, .node], [.clusterIP, .nodePort, .externalIP])),
            ConformanceCase(
                "a source that is not allowed is dropped though there are no endpoints", [service([client], web)],
                flows: web.flows(from: [.client], [.loadBalancerIP], .rejected)
                    + web.flows(from: [stranger, .pod], [.loadBalancerIP], .dropped)),
            ConformanceCase(
                "source ranges and externalTrafficPolicy Local hold together",
                [service([client, host(World.pod("a0", family))], local), slice],
                flows: web.flows(from: [.client], [.loadBalancerIP], .balanced(to: ["a1"], masqueraded: false))
                    + web.flows(from: [.pod], [.loadBalancerIP], .balanced(to: pods, masqueraded: false))
                    + web.flows(from: [stranger, .node], [.loadBalancerIP], .dropped)),
            row("source ranges come, change and go", [], allowed: [.client, stranger], dropped: [])
                .then(
                    "ranges given", set: [service([client], web)],
                    flows: web.works(pods, from: [.client], [.loadBalancerIP])
                        + web.flows(from: [stranger], [.loadBalancerIP], .dropped))
                .then(
                    "another range", set: [service([host(World.client(1, family))], web)],
                    flows: web.works(pods, from: [stranger], [.loadBalancerIP])
                        + web.flows(from: [.client], [.loadBalancerIP], .dropped))
                .then(
                    "no ranges", set: [service([], web)],
                    flows: web.works(pods, from: [.client, stranger], [.loadBalancerIP])),
        ]
    }
}
