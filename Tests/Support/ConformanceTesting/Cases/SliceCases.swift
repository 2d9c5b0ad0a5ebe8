internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes

/// Fields of EndpointSlices (reference 1.3).
extension FieldCases {
    static func sliceFields(_ web: WebService) -> [ConformanceCase] {
        let service = web.service()
        let family = web.family
        let other: IPFamily = family == .ipv4 ? .ipv6 : .ipv4
        func port(_ name: String?, _ number: PortNumber?, _ transport: TransportProtocol? = nil) -> EndpointPort {
            EndpointPort(name: name, protocol: transport ?? web.transport, port: number)
        }
        func endpoints(_ pods: String...) -> [Endpoint] { pods.map { World.endpoint($0, family) } }
        func rejects(_ name: String, _ slices: KubernetesObject...) -> ConformanceCase {
            ConformanceCase(name, options: options, [service] + slices, flows: web.flows(from: Sender.kinds, Way.allCases, .rejected))
        }
        func works(_ name: String, _ pods: Set<String>, _ slices: [KubernetesObject]) -> ConformanceCase {
            ConformanceCase(name, options: options, [service] + slices, flows: web.works(pods))
        }
        return [
            rejects(
                "a slice of a headless Service is ignored",
                web.slice(endpoints("a1")) { $0.metadata.labels[LabelKey.headless] = "" }),
            rejects(
                "a slice that names no Service is ignored",
                web.slice(endpoints("a1")) { $0.metadata.labels[LabelKey.serviceName] = nil }),
            rejects(
                "a slice of another Service is ignored",
                web.slice(endpoints("a1")) { $0.metadata.labels[LabelKey.serviceName] = "other" }),
            rejects("a slice port of another name is no endpoint", web.slice(endpoints("a1"), port: port("http", 8080))),
            rejects(
                "a slice port of another protocol is no endpoint",
                web.slice(endpoints("a1"), port: port("", 8080, web.transport == .tcp ? .udp : .tcp))),
            rejects("a slice port without number is no endpoint", web.slice(endpoints("a1"), port: port("", nil))),
            rejects("a slice port without name is no endpoint", web.slice(endpoints("a1"), port: port(nil, 8080))),
            rejects(
                "a slice of the other family is no endpoint",
                web.slice([World.endpoint("a1", other)]) { $0.addressType = other == .ipv4 ? .ipv4 : .ipv6 }),
            rejects("a slice of host names is no endpoint", web.slice(endpoints("a1")) { $0.addressType = .fqdn }),
            ConformanceCase(
                "publishNotReadyAddresses is not the proxy's to read", options: options,
                [
                    web.service { $0.spec.publishNotReadyAddresses = true },
                    web.slice([World.endpoint("a1", family, ready: false)]),
                ], flows: web.flows(from: Sender.kinds, Way.allCases, .rejected)),
            works(
                "the endpoints of several slices are one set", ["a1", "b1", "b2"],
                [web.slice(endpoints("a1"), named: "1"), web.slice(endpoints("b1", "b2"), named: "2")]),
            works(
                "pods of one Service may serve at different ports", ["a1", "b1:8081"],
                [web.slice(endpoints("a1"), named: "1"), web.slice(endpoints("b1"), named: "2", port: port("", 8081))]),
            works(
                "an endpoint in two slices counts once", ["a1", "b1"],
                [web.slice(endpoints("a1", "b1"), named: "1"), web.slice(endpoints("b1"), named: "2")]),
            works(
                "an endpoint in two slices is not terminating if one says so", ["a1", "b1"],
                [
                    web.slice([World.endpoint("b1", family, ready: false, serving: true, terminating: true)], named: "1"),
                    web.slice(endpoints("a1", "b1"), named: "2"),
                ]),
            works(
                "only the first address of an endpoint counts", ["a1"],
                [web.slice(endpoints("a1").map { first in
                    var both = first
                    both.addresses.append(World.pod("b1", family))
                    return both
                })]),
            ConformanceCase(
                "an endpoint on no known node is none of this node's", options: options,
                [
                    web.with { $0.externalPolicy = .local }.service(),
                    web.slice(endpoints("b1").map { known in
                        var unknown = known
                        unknown.nodeName = nil
                        return unknown
                    }),
                ],
                flows: web.flows(from: [.client], Way.external, .dropped)
                    + web.flows(from: [.pod], Way.external, .balanced(to: ["b1"], masqueraded: false))),
        ]
    }
}
