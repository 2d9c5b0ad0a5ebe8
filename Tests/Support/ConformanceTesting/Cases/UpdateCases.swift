internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes

/// What holds after each kind of update.
enum UpdateCases {
    static var all: [ConformanceCase] { WebService.rows(cases) }

    private static func cases(_ web: WebService) -> [ConformanceCase] { serviceUpdates(web) + portUpdates(web) + endpointUpdates(web) }

    private static let options = FieldCases.options
    private static let pods: Set = ["a1", "b1"]

    private static func start(_ name: String, _ web: WebService, _ more: [KubernetesObject] = []) -> ConformanceCase {
        ConformanceCase(
            name, options: options, [web.service(), web.slice(ready: ["a1", "b1"])] + more, flows: web.works(pods))
    }

    private static func clusterIPOnly(_ web: WebService, _ configure: (inout Service) -> Void = { _ in }) -> KubernetesObject {
        web.service {
            $0.spec.type = .clusterIP
            $0.spec.externalIPs = []
            $0.spec.ports[0].nodePort = nil
            $0.status = ServiceStatus()
            configure(&$0)
        }
    }

    private static func serviceUpdates(_ web: WebService) -> [ConformanceCase] {
        let nodePortOnly = web.service {
            $0.spec.type = .nodePort
            $0.spec.externalIPs = []
            $0.status = ServiceStatus()
        }
        let external = web.service {
            $0.spec.type = .externalName
            $0.spec.externalName = "example.com"
        }
        let local = web.with { $0.externalPolicy = .local }
        let bothLocal = local.with { $0.internalPolicy = .local }
        let localFlows =
            web.flows(from: [.client], Way.external, .balanced(to: ["a1"], masqueraded: false))
            + web.flows(from: [.pod], Way.external, .balanced(to: pods, masqueraded: false))
        let moved = web.with { $0.number = 1 }
        let labelled = web.service { $0.metadata.labels[LabelKey.serviceProxyName] = "other" }
        return [
            start("a Service changes its type", web)
                .then(
                    "ClusterIP", set: [clusterIPOnly(web)],
                    flows: web.works(pods, [.clusterIP]) + web.isUntouched(Way.external))
                .then(
                    "NodePort", set: [nodePortOnly],
                    flows: web.works(pods, [.clusterIP, .nodePort]) + web.isUntouched([.loadBalancerIP, .externalIP]))
                .then("ExternalName", set: [external], flows: web.isUntouched())
                .then("LoadBalancer", set: [web.service()], flows: web.works(pods)),
            start("a Service is deleted and made again", web)
                .then("deleted", delete: [web.reference], flows: web.isUntouched())
                .then("made again", set: [web.service()], flows: web.works(pods)),
            start("a Service is deleted and made again with other addresses at once", web)
                .then(
                    "made again", set: [moved.service()],
                    flows: moved.works(pods) + web.isUntouched([.clusterIP, .loadBalancerIP, .externalIP, .nodePort])),
            start("a Service changes its traffic policies", web)
                .then(
                    "external Local", set: [local.service()],
                    flows: localFlows + web.works(pods, [.clusterIP]))
                .then(
                    "both Local", set: [bothLocal.service()],
                    flows: localFlows + web.flows(from: [.pod], [.clusterIP], .balanced(to: ["a1"], masqueraded: false)))
                .then("cluster", set: [web.service()], flows: web.works(pods)),
            start("a Service is handed to another proxy and back", web)
                .then("labelled", set: [labelled], flows: web.isUntouched())
                .then("label gone", set: [web.service()], flows: web.works(pods)),
            start("two Services exchange their NodePorts at once", web, [
                moved.with { $0.name = "second" }.service(), moved.with { $0.name = "second" }.slice(ready: ["a2", "b2"]),
            ])
                .then(
                    "exchanged",
                    set: [
                        web.service { $0.spec.ports[0].nodePort = World.nodePort(1) },
                        moved.with { $0.name = "second" }.service { $0.spec.ports[0].nodePort = World.nodePort(0) },
                    ], flows: web.works(["a2", "b2"], [.nodePort]) + moved.works(pods, [.nodePort]) + web.works(pods, [.clusterIP])),
            start("externalIPs and load balancer addresses change", web)
                .then(
                    "others",
                    set: [
                        web.service {
                            $0.spec.externalIPs = [moved.externalIP]
                            $0.status.loadBalancerIngress = [LoadBalancerIngress(ip: moved.loadBalancerIP)]
                        }
                    ],
                    flows: moved.works(pods, [.externalIP, .loadBalancerIP]) + web.isUntouched([.externalIP, .loadBalancerIP])
                        + web.works(pods, [.clusterIP, .nodePort])),
        ]
    }

    private static func portUpdates(_ web: WebService) -> [ConformanceCase] {
        func at(_ port: PortNumber, _ expected: Expectation, _ transport: TransportProtocol? = nil) -> [ConformanceFlow] {
            [Sender.pod, .client].map {
                ConformanceFlow(from: $0, to: web.loadBalancerIP, port: port, transport ?? web.transport, expected)
            }
        }
        let works = Expectation.balanced(to: pods, masqueraded: true)
        let other = web.with { $0.transport = web.transport == .tcp ? .udp : .tcp }
        let renamed = web.service { $0.spec.ports[0].name = "http" }
        return [
            start("a port is renamed", web)
                .then("its slice still has the old name", set: [renamed], flows: web.flows(from: [.pod, .client], Way.allCases, .rejected))
                .then(
                    "its slice has the new name",
                    set: [
                        web.slice(pods.map { World.endpoint($0, web.family) },
                            port: EndpointPort(name: "http", protocol: web.transport, port: 8080))
                    ], flows: web.works(pods)),
            start("a port is renumbered", web)
                .then(
                    "port 81", set: [web.service { $0.spec.ports[0].port = 81 }],
                    flows: at(81, works) + at(80, .untouched) + web.works(pods, [.nodePort])),
            start("a NodePort is renumbered", web)
                .then(
                    "another", set: [web.service { $0.spec.ports[0].nodePort = World.nodePort(1) }],
                    flows: web.with { $0.number = 1 }.works(pods, [.nodePort]) + web.isUntouched([.nodePort])),
            start("the target port changes", web)
                .then(
                    "8081",
                    set: [
                        web.slice(pods.map { World.endpoint($0, web.family) },
                            port: EndpointPort(name: "", protocol: web.transport, port: 8081))
                    ], flows: web.works(pods, port: 8081)),
            start("the protocol of a port changes", web)
                .then(
                    "the other", set: [other.service(), other.slice(ready: ["a1", "b1"])],
                    flows: at(80, works, other.transport) + at(80, .untouched) + other.works(pods, [.nodePort])),
            start("a port is added and taken away", web)
                .then(
                    "added",
                    set: [
                        web.service {
                            $0.spec.ports[0].name = "http"
                            $0.spec.ports.append(
                                ServicePortSpec(name: "more", protocol: web.transport, port: 81, targetPort: .number(8081)))
                        },
                        web.slice(pods.map { World.endpoint($0, web.family) }) { slice in
                            slice.ports = [("http", 8080), ("more", 8081)].map { name, port in
                                EndpointPort(name: name, protocol: web.transport, port: PortNumber(port))
                            }
                        },
                    ], flows: web.works(pods) + at(81, .balanced(to: pods, port: 8081, masqueraded: true)))
                .then(
                    "taken away", set: [web.service(), web.slice(ready: ["a1", "b1"])],
                    flows: web.works(pods) + at(81, .untouched)),
        ]
    }

    private static func endpointUpdates(_ web: WebService) -> [ConformanceCase] {
        let family = web.family
        let local = web.with { $0.externalPolicy = .local }
        func slice(_ a1: Endpoint, _ others: [String] = ["b1"]) -> KubernetesObject {
            web.slice([a1] + others.map { World.endpoint($0, family) })
        }
        let draining = World.endpoint("a1", family, ready: false, serving: true, terminating: true)
        let gone = World.endpoint("a1", family, ready: false, serving: false, terminating: true)
        let reference = ObjectReference(kind: .endpointSlice, key: ObjectKey(namespace: "default", name: "web-1"))
        var unzoned = World.nodeObject
        unzoned.metadata.labels[LabelKey.zone] = World.otherZone
        let hinted = web.slice([
            World.endpoint("a1", family, hintZones: [World.zone]), World.endpoint("b1", family, hintZones: [World.otherZone]),
        ])
        return [
            start("an endpoint is swapped for another", web)
                .then("b2 for b1", set: [web.slice(ready: ["a1", "b2"])], flows: web.works(["a1", "b2"]))
                .then("a2 for a1", set: [web.slice(ready: ["a2", "b2"])], flows: web.works(["a2", "b2"])),
            start("endpoints come and go", web)
                .then("four", set: [web.slice(ready: ["a1", "a2", "b1", "b2"])], flows: web.works(["a1", "a2", "b1", "b2"]))
                .then("one", set: [web.slice(ready: ["b2"])], flows: web.works(["b2"]))
                .then("none", set: [web.slice([])], flows: web.flows(.rejected))
                .then("two", set: [web.slice(ready: ["a1", "b1"])], flows: web.works(pods)),
            start("an endpoint is not ready for a while", web)
                .then("not ready", set: [slice(World.endpoint("a1", family, ready: false))], flows: web.works(["b1"]))
                .then("ready", set: [slice(World.endpoint("a1", family))], flows: web.works(pods)),
            ConformanceCase(
                "the last local endpoint terminates", options: options, [local.service(), web.slice(ready: ["a1", "b1"])],
                flows: web.flows(from: [.client], Way.external, .balanced(to: ["a1"], masqueraded: false))
            ).then(
                "it serves still", set: [slice(draining)],
                flows: web.flows(from: [.client], Way.external, .balanced(to: ["a1"], masqueraded: false))
                    + web.flows(from: [.pod], Way.external, .balanced(to: ["b1"], masqueraded: false))
            ).then(
                "it serves no more", set: [slice(gone)],
                flows: web.flows(from: [.client], Way.external, .dropped)
                    + web.flows(from: [.pod], Way.external, .balanced(to: ["b1"], masqueraded: false))
            ).then(
                "none is left", set: [web.slice([])], flows: web.flows(from: [.client, .pod], Way.external, .rejected)),
            start("the slice is deleted and made again", web)
                .then("deleted", delete: [reference], flows: web.flows(.rejected))
                .then("made again", set: [web.slice(ready: ["a1", "b1"])], flows: web.works(pods)),
            ConformanceCase(
                "the zone of the node changes", options: options, [web.service(), hinted], flows: web.works(["a1"])
            ).then("another zone", set: [.node(unzoned)], flows: web.works(["b1"])),
        ]
    }
}

extension WebService {
    /// Every way, from every kind of sender.
    func flows(_ expected: Expectation) -> [ConformanceFlow] { flows(from: Sender.kinds, Way.allCases, expected) }
}
