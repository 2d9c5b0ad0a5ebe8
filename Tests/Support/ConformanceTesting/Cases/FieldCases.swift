internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes
internal import ServicePolicy

/// Fields of Services and slices, each for itself (reference 1.2, 1.3).
enum FieldCases {
    /// Without Service ranges, so that what no Service takes is left alone.
    static let options = PolicyOptions.conformance.with { $0.serviceRanges = [] }

    static var all: [ConformanceCase] { WebService.rows(cases) }

    private static func cases(_ web: WebService) -> [ConformanceCase] {
        serviceFields(web) + ignored(web) + sliceFields(web) + annotations(web)
    }

    private static func serviceFields(_ web: WebService) -> [ConformanceCase] {
        let slice = web.slice(ready: ["a1", "b1"])
        let pods: Set = ["a1", "b1"]
        let second = World.loadBalancerIP(web.family, 1)
        return [
            ConformanceCase(
                "a load balancer address of ipMode Proxy is left to the load balancer", options: options,
                [web.service { $0.status.loadBalancerIngress[0].ipMode = .proxy }, slice],
                flows: web.works(pods, [.clusterIP, .nodePort, .externalIP]) + web.isUntouched([.loadBalancerIP])),
            ConformanceCase(
                "a load balancer address of ipMode VIP is served", options: options,
                [web.service { $0.status.loadBalancerIngress[0].ipMode = .vip }, slice],
                flows: web.works(pods, [.loadBalancerIP])),
            ConformanceCase(
                "of several load balancer addresses each goes by its own ipMode", options: options,
                [
                    web.service {
                        $0.status.loadBalancerIngress[0].ipMode = .proxy
                        $0.status.loadBalancerIngress.append(LoadBalancerIngress(ip: second))
                    }, slice,
                ],
                flows: web.isUntouched([.loadBalancerIP])
                    + web.with { $0.number = 1 }.works(pods, [.loadBalancerIP])),
            ConformanceCase(
                "a load balancer known by name alone is not served", options: options,
                [web.service { $0.status.loadBalancerIngress = [LoadBalancerIngress(ip: nil, hostname: "lb.example.com")] }, slice],
                flows: web.works(pods, [.clusterIP, .nodePort, .externalIP]) + web.isUntouched([.loadBalancerIP])),
            ConformanceCase(
                "a load balancer without NodePorts is served at its address", options: options,
                [
                    web.service {
                        $0.spec.allocateLoadBalancerNodePorts = false
                        $0.spec.ports[0].nodePort = nil
                    }, slice,
                ],
                flows: web.works(pods, [.clusterIP, .loadBalancerIP, .externalIP]) + web.isUntouched([.nodePort])),
            ConformanceCase(
                "a ClusterIP Service is served at its externalIPs", options: options,
                [
                    web.service {
                        $0.spec.type = .clusterIP
                        $0.spec.ports[0].nodePort = nil
                        $0.status = ServiceStatus()
                    }, slice,
                ],
                flows: web.works(pods, [.clusterIP, .externalIP]) + web.isUntouched([.nodePort, .loadBalancerIP])),
            ConformanceCase(
                "externalTrafficPolicy Local means nothing to a Service with a ClusterIP alone", options: options,
                [
                    web.with { $0.externalPolicy = .local }.service {
                        $0.spec.type = .clusterIP
                        $0.spec.externalIPs = []
                        $0.spec.ports[0].nodePort = nil
                        $0.status = ServiceStatus()
                    }, web.slice(ready: ["b1", "b2"]),
                ], flows: web.works(["b1", "b2"], [.clusterIP])),
            otherProtocol(web), severalPorts(web),
            ConformanceCase(
                "a backend that asks itself sees an address of the node", options: options,
                [web.service(), web.slice(ready: ["a1"])],
                flows: Way.allCases.map { web.flow(.pod("a1"), $0, .balanced(to: ["a1"], masqueraded: true)) }),
            ConformanceCase(
                "a backend that asks itself sees an address of the node, policies Local", options: options,
                [
                    web.with {
                        $0.externalPolicy = .local
                        $0.internalPolicy = .local
                    }.service(), web.slice(ready: ["a1", "b1"]),
                ],
                flows: [web.flow(.pod("a1"), .clusterIP, .balanced(to: ["a1"], masqueraded: false))]
                    + Way.external.map { web.flow(.pod("a1"), $0, .balanced(to: ["a1", "b1"], masqueraded: false)) }),
        ]
    }

    /// The same number over TCP and UDP, each with endpoints of its own.
    private static func otherProtocol(_ web: WebService) -> ConformanceCase {
        let (tcp, udp) = (web.with { $0.transport = .tcp }, web.with { $0.transport = .udp })
        return ConformanceCase(
            "one port number over two protocols is two ports", options: options,
            [
                tcp.service { service in
                    service.spec.ports[0].name = "t"
                    var port = udp.port
                    port.name = "u"
                    service.spec.ports.append(port)
                },
                tcp.slice(["a1"].map { World.endpoint($0, web.family) }, named: "t",
                    port: EndpointPort(name: "t", protocol: .tcp, port: 8080)),
                tcp.slice(["b1"].map { World.endpoint($0, web.family) }, named: "u",
                    port: EndpointPort(name: "u", protocol: .udp, port: 8081)),
            ], flows: tcp.works(["a1"]) + udp.works(["b1"], port: 8081))
    }

    private static func severalPorts(_ web: WebService) -> ConformanceCase {
        let flows = [Sender.pod, .client].flatMap { sender in
            [(World.servicePort, PortNumber(8080)), (443, 8081)].map { port, target in
                ConformanceFlow(
                    from: sender, to: web.clusterIP, port: port, web.transport,
                    .balanced(to: ["a1", "b1"], port: target, masqueraded: sender == .client))
            }
        }
        return ConformanceCase(
            "each port of a Service has its own target port", options: options,
            [
                web.service { service in
                    service.spec.ports[0].name = "http"
                    service.spec.ports.append(
                        ServicePortSpec(name: "https", protocol: web.transport, port: 443, targetPort: .name("tls")))
                },
                web.slice(["a1", "b1"].map { World.endpoint($0, web.family) }) { slice in
                    slice.ports = [("http", 8080), ("https", 8081)].map { name, port in
                        EndpointPort(name: name, protocol: web.transport, port: PortNumber(port))
                    }
                },
            ], flows: flows)
    }

    private static func ignored(_ web: WebService) -> [ConformanceCase] {
        let slice = web.slice(ready: ["a1", "b1"])
        return [
            ConformanceCase(
                "a Service of another proxy is left alone", options: options,
                [web.service { $0.metadata.labels[LabelKey.serviceProxyName] = "other" }, slice],
                flows: web.isUntouched()),
            ConformanceCase(
                "an ExternalName Service is left alone though it still has addresses", options: options,
                [
                    web.service {
                        $0.spec.type = .externalName
                        $0.spec.externalName = "example.com"
                    }, slice,
                ], flows: web.isUntouched()),
            ConformanceCase(
                "a headless Service is left alone", options: options,
                [web.service { $0.spec.clusterIPs = [.none] }, slice], flows: web.isUntouched()),
            ConformanceCase(
                "a Service without address yet is left alone", options: options,
                [web.service { $0.spec.clusterIPs = [] }, slice], flows: web.isUntouched()),
            ConformanceCase(
                "addresses of a family in which the Service has no ClusterIP are left alone", options: options,
                [
                    web.with { $0.family = web.family == .ipv4 ? .ipv6 : .ipv4 }.service {
                        $0.spec.externalIPs = [web.externalIP]
                        $0.status.loadBalancerIngress = [LoadBalancerIngress(ip: web.loadBalancerIP)]
                    }, slice,
                ], flows: web.isUntouched()),
        ]
    }

    private static func annotations(_ web: WebService) -> [ConformanceCase] {
        let local = web.with {
            $0.externalPolicy = .local
            $0.internalPolicy = .local
        }
        let service = local.service { $0.metadata.annotations["fairway.dev/no-local-endpoints"] = "reject" }
        let schedulers = ["rr", "random", "none-such"].map { (name: String) in
            ConformanceCase(
                "every backend gets its connections with the scheduler \(name)", options: options,
                [
                    web.service { $0.metadata.annotations["fairway.dev/scheduler"] = name },
                    web.slice(ready: ["a1", "b1", "b2"]),
                ], flows: web.works(["a1", "b1", "b2"], from: [.pod, .client])
            ).needing(.schedulers)
        }
        return schedulers + [
            ConformanceCase(
                "by annotation, Local policies without local endpoint refuse instead of dropping", options: options,
                [service, web.slice(ready: ["b1"])],
                flows: web.flows(from: Sender.kinds, [.clusterIP], .rejected)
                    + web.flows(from: [.client], Way.external, .rejected)
                    + web.flows(from: [.pod], Way.external, .balanced(to: ["b1"], masqueraded: false))
                    + web.flows(from: [.node], Way.external, .balanced(to: ["b1"], masqueraded: true))),
        ]
    }
}
