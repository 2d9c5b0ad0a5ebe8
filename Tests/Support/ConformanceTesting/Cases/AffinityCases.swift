internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes

/// sessionAffinity ClientIP (reference 1.2): a client stays at one endpoint of a service port, whatever
/// frontend it uses, while the endpoint may be used.
enum AffinityCases {
    static var all: [ConformanceCase] { WebService.rows(cases).map { $0.needing(.affinity) } }

    private static let clients = (0..<World.clientCount).map { Sender.client($0) }
    private static let pods: Set = ["a1", "a2", "b1", "b2"]

    private static func service(_ web: WebService, _ configure: (inout Service) -> Void = { _ in }) -> KubernetesObject {
        web.service {
            $0.spec.sessionAffinity = .clientIP
            configure(&$0)
        }
    }

    /// Sticky flows of all clients by these ways.
    private static func sticky(
        _ web: WebService, _ ways: [Way] = Way.allCases, to pods: Set<String> = pods, memory: String = "web",
        masqueraded: Bool = true
    ) -> [ConformanceFlow] {
        web.flows(from: clients, ways, .sticky(to: pods, masqueraded: masqueraded, memory: memory))
    }

    private static func cases(_ web: WebService) -> [ConformanceCase] {
        let all = web.slice(ready: pods.sorted())
        let local = web.with { $0.externalPolicy = .local }
        return [
            ConformanceCase(
                "a client stays at its endpoint, whatever frontend of the port it uses", [service(web), all],
                flows: sticky(web)),
            ConformanceCase(
                "pods and the node stay at their endpoint", [service(web), all],
                flows: Way.allCases.flatMap { way in
                    Sender.kinds.map { sender in
                        let isPod = if case .pod = sender { way == .clusterIP } else { false }
                        return web.flow(sender, way, .sticky(to: pods, masqueraded: !isPod, memory: "web"))
                    }
                }),
            ConformanceCase(
                "a client is sent elsewhere when its endpoint goes, and stays while others come and go",
                [service(web), all], flows: sticky(web, [.clusterIP, .loadBalancerIP])
            ).then(
                "one endpoint gone", set: [web.slice(ready: ["a1", "a2", "b1"])],
                flows: sticky(web, [.clusterIP, .loadBalancerIP], to: ["a1", "a2", "b1"])
            ).then("it is back", set: [all], flows: sticky(web, [.clusterIP, .loadBalancerIP])),
            ConformanceCase(
                "a client is sent elsewhere when its endpoint is not ready", [service(web), all],
                flows: sticky(web, [.nodePort])
            ).then(
                "two are not ready",
                set: [web.slice(["a1", "b2"].map { World.endpoint($0, web.family) } + ["a2", "b1"].map {
                    World.endpoint($0, web.family, ready: false)
                })], flows: sticky(web, [.nodePort], to: ["a1", "b2"])),
            ConformanceCase(
                "with externalTrafficPolicy Local clients stay at an endpoint of this node", [service(local), all],
                flows: sticky(local, Way.external, to: ["a1", "a2"], masqueraded: false)),
            leavesLocalEndpoint(local, [.nodePort], "at the NodePort"),
            leavesLocalEndpoint(local, [.loadBalancerIP, .externalIP], "at external addresses"),
            severalPorts(web, scope: nil), severalPorts(web, scope: "service"),
            ConformanceCase("affinity comes and goes with its field", [web.service(), all], flows: web.works(pods, [.clusterIP]))
                .then("affinity", set: [service(web)], flows: sticky(web, [.clusterIP]))
                .then("none", set: [web.service()], flows: web.works(pods, [.clusterIP])),
        ]
    }

    /// Ways apart: a client that was sent elsewhere by one way is remembered there by all others.
    private static func leavesLocalEndpoint(_ local: WebService, _ ways: [Way], _ place: String) -> ConformanceCase {
        func flows(_ pods: Set<String>) -> [ConformanceFlow] { sticky(local, ways, to: pods, masqueraded: false) }
        return ConformanceCase(
            "with externalTrafficPolicy Local clients \(place) are sent elsewhere on this node when their endpoint goes",
            [service(local), local.slice(ready: ["a0", "a1", "a2", "b1"])], flows: flows(["a0", "a1", "a2"])
        ).then("one endpoint here gone", set: [local.slice(ready: ["a0", "a1", "b1"])], flows: flows(["a0", "a1"]))
    }

    private static func severalPorts(_ web: WebService, scope: String?) -> ConformanceCase {
        func flows(_ port: PortNumber, _ target: PortNumber, memory: String) -> [ConformanceFlow] {
            clients.map {
                ConformanceFlow(
                    from: $0, to: web.clusterIP, port: port, web.transport,
                    .sticky(to: pods, port: target, masqueraded: true, memory: memory))
            }
        }
        var row = ConformanceCase(
            scope == nil
                ? "each port of a Service remembers clients by itself"
                : "by annotation, the ports of a Service remember clients together",
            [
                service(web) { service in
                    service.metadata.annotations["fairway.dev/session-affinity-scope"] = scope
                    service.spec.ports[0].name = "http"
                    service.spec.ports.append(
                        ServicePortSpec(name: "https", protocol: web.transport, port: 443, targetPort: .number(8081)))
                },
                web.slice(pods.sorted().map { World.endpoint($0, web.family) }) { slice in
                    slice.ports = [("http", 8080), ("https", 8081)].map { name, port in
                        EndpointPort(name: name, protocol: web.transport, port: PortNumber(port))
                    }
                },
            ], flows: flows(80, 8080, memory: "http") + flows(443, 8081, memory: scope == nil ? "https" : "http"))
        if scope == nil { row.steps[0].independent = [("http", "https")] }
        return row
    }
}
