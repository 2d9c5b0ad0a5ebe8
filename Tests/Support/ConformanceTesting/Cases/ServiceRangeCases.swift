internal import KubernetesModel
internal import KubernetesModelTesting
internal import NetworkTypes
internal import ServicePolicy

/// What nobody has at an address of the Service ranges (reference 1.5), and what is none of ours.
enum ServiceRangeCases {
    static var all: [ConformanceCase] { WebService.rows(cases).map { $0.representative() } }

    private static func cases(_ web: WebService) -> [ConformanceCase] {
        let other = web.transport == .tcp ? TransportProtocol.udp : .tcp
        let objects = [web.service(), web.slice(ready: ["a1", "b1"])]
        func to(_ address: IPAddress, _ port: PortNumber, _ expected: Expectation) -> [ConformanceFlow] {
            Sender.kinds.map { ConformanceFlow(from: $0, to: address, port: port, web.transport, expected) }
        }
        let otherProtocol = Sender.kinds.map { ConformanceFlow(from: $0, to: web.clusterIP, port: 80, other, .rejected) }
        let noRanges = FieldCases.options
        return [
            ConformanceCase(
                "an unused port of a ClusterIP is refused", objects,
                flows: to(web.clusterIP, 81, .rejected) + web.works(["a1", "b1"], [.clusterIP])
            ).needing(.unusedPorts),
            ConformanceCase(
                "an unused port of a ClusterIP is refused though no Service range is known", options: noRanges, objects,
                flows: to(web.clusterIP, 81, .rejected)
            ).needing(.unusedPorts),
            ConformanceCase("an unused protocol of a ClusterIP is refused", objects, flows: otherProtocol)
                .needing(.unusedPorts),
            ConformanceCase(
                "an unused port of a ClusterIP is refused though the Service has no endpoints", [web.service()],
                flows: to(web.clusterIP, 81, .rejected)
            ).needing(.unusedPorts),
            ConformanceCase(
                "an address of the Service range that no Service has is dropped", objects,
                flows: to(World.unallocated(web.family), 80, .dropped) + web.works(["a1", "b1"])
            ).needing(.unallocatedAddresses),
            ConformanceCase(
                "Service ranges come from ServiceCIDR objects too, and go with them", options: noRanges,
                objects + [.serviceCIDR(.make("kubernetes", cidrs: World.serviceRanges.map(\.description)))],
                flows: to(World.unallocated(web.family), 80, .dropped)
            ).then(
                "the range deleted",
                delete: [ObjectReference(kind: .serviceCIDR, key: ObjectKey(namespace: "", name: "kubernetes"))],
                flows: to(World.unallocated(web.family), 80, .untouched)
            ).needing(.unallocatedAddresses),
            ConformanceCase(
                "the address of a deleted Service is dropped", objects, flows: web.works(["a1", "b1"], [.clusterIP])
            ).then("deleted", delete: [web.reference], flows: web.flows(from: Sender.kinds, [.clusterIP], .dropped))
                .needing(.unallocatedAddresses),
            ConformanceCase(
                "unused ports of load balancer and external addresses are left alone", objects,
                flows: to(web.loadBalancerIP, 81, .untouched) + to(web.externalIP, 81, .untouched)),
            ConformanceCase(
                "ports of the node that are no NodePorts are left alone", objects,
                flows: to(World.nodeAddress(web.family), 30081, .untouched)),
            ConformanceCase(
                "connections to pods and to the node's other addresses are left alone", objects,
                flows: to(World.pod("a1", web.family), 8080, .untouched) + to(World.pod("b1", web.family), 8080, .untouched)
                    + to(World.secondNodeAddress(web.family), web.nodePort, .untouched)),
        ]
    }
}
