package import KubernetesModel
internal import NetworkTypes
package import ObjectStore
package import RandomTesting

/// Random objects of one small cluster: few names, addresses and ports, so that they meet and collide.
package struct RandomCluster {
    package var random: SplitMix64

    package init(seed: UInt64) { random = SplitMix64(seed: seed) }

    package mutating func event() -> StoreEvent {
        let object = object()
        return random.oneIn(4) ? .delete(object.reference) : .set(object)
    }

    package mutating func object() -> KubernetesObject {
        switch random.number(0...9) {
        case 0...3: .service(service())
        case 4...8: .endpointSlice(slice())
        default: random.oneIn(4) ? .serviceCIDR(.make("range", cidrs: [random.pick(["10.96.0.0/16", "fd96::/108"])])) : .node(node())
        }
    }

    private mutating func service() -> Service {
        let v4 = "10.96.0.\(random.number(1...4))"
        let v6 = "fd96::\(random.number(1...3))"
        let addresses = random.pick([[v4], [v4], [v6], [v4, v6], [v6, v4], ["None"], []])
        var ports: [ServicePortSpec] = []
        for (name, base) in [("http", 80), ("dns", 53)] where ports.isEmpty || random.oneIn(2) {
            ports.append(
                ServicePortSpec(
                    name: name, protocol: random.oneIn(4) ? .udp : .tcp, port: PortNumber(base + random.number(0...1)) ?? 1,
                    nodePort: random.oneIn(2) ? nil : PortNumber(30000 + base + random.number(0...1))))
        }
        var service = Service.make(
            "s\(random.number(0...5))", type: random.pick([.clusterIP, .nodePort, .nodePort, .loadBalancer, .externalName]),
            clusterIPs: addresses, ports: ports)
        service.spec.externalTrafficPolicy = random.pick(TrafficPolicy.allCases)
        service.spec.internalTrafficPolicy = random.pick([.cluster, .cluster, .local])
        if !random.oneIn(4) { service.metadata.creationTimestamp = Timestamp(seconds: Int64(random.number(1...3))) }
        if random.oneIn(8) { service.metadata.labels[LabelKey.serviceProxyName] = "other" }
        addOutsideAddresses(&service)
        addOptions(&service)
        return service
    }

    private mutating func addOutsideAddresses(_ service: inout Service) {
        if random.oneIn(4) { service.spec.externalIPs = [ip(random.pick(["203.0.113.1", "203.0.113.2", "fd20::1"]))] }
        guard service.spec.type == .loadBalancer else { return }
        service.status.loadBalancerIngress = [
            LoadBalancerIngress(
                ip: ip(random.pick(["203.0.113.1", "203.0.113.3", "fd20::3"])), ipMode: random.pick([nil, .vip, .proxy]))
        ]
        for range in ["198.51.100.0/24", "192.0.2.0/28", "192.0.2.1/32", "0.0.0.0/0", "fd30::/64"] where random.oneIn(3) {
            service.spec.loadBalancerSourceRanges.append(prefix(range))
        }
    }

    private mutating func addOptions(_ service: inout Service) {
        if random.oneIn(3) {
            service.spec.sessionAffinity = .clientIP
            service.spec.sessionAffinityTimeoutSeconds = random.pick([60, 10800])
        }
        if random.oneIn(3) { service.metadata.annotations[AnnotationKey.sessionAffinityScope] = "service" }
        if random.oneIn(3) { service.metadata.annotations[AnnotationKey.noLocalEndpoints] = random.pick(["drop", "reject"]) }
        if random.oneIn(4) { service.metadata.annotations[AnnotationKey.proxyProtocol] = random.pick(["v1", "v2", "v3"]) }
        if random.oneIn(4) { service.metadata.annotations[AnnotationKey.keepClientAddress] = "true" }
        if random.oneIn(2) {
            service.metadata.annotations[AnnotationKey.scheduler] = random.pick(Service.schedulerNames + ["unheard-of"])
        }
    }

    private mutating func slice() -> EndpointSlice {
        let type: EndpointSlice.AddressType = random.pick([.ipv4, .ipv4, .ipv4, .ipv6, .ipv6, .fqdn])
        var slice = EndpointSlice.make(
            "e\(random.number(0...9))", service: random.oneIn(9) ? nil : "s\(random.number(0...5))", addressType: type,
            ports: [
                EndpointPort(name: "http", port: PortNumber(8080 + random.number(0...1))),
                EndpointPort(name: "dns", protocol: random.oneIn(2) ? .udp : .tcp, port: random.oneIn(5) ? nil : 5353),
            ])
        if random.oneIn(12) { slice.metadata.labels[LabelKey.headless] = "" }
        if random.oneIn(4) {
            slice.metadata.annotations[AnnotationKey.endpointWeights] = "10.244.0.1=3,10.244.0.2=0,fd44::1=2,fd44::2=0"
        }
        for _ in 0..<random.number(0...5) {
            var endpoint = Endpoint(addresses: [
                ip(type == .ipv6 ? "fd44::\(random.number(1...6))" : "10.244.0.\(random.number(1...6))")
            ])
            endpoint.ready = random.pick([nil, true, true, false])
            endpoint.serving = random.pick([nil, true, false])
            endpoint.terminating = random.pick([nil, true, false])
            endpoint.nodeName = random.pick([nil, "node-a", "node-b"])
            if !random.oneIn(4) { endpoint.hintZones = [random.pick(["zone-1", "zone-2"])] }
            if random.oneIn(2) { endpoint.hintNodes = [random.pick(["node-a", "node-b"])] }
            slice.endpoints.append(endpoint)
        }
        return slice
    }

    private mutating func node() -> Node {
        .make(
            random.pick(["node-a", "node-a", "node-b"]), zone: random.pick([nil, "zone-1", "zone-2"]),
            internalIPs: random.pick([[], ["192.0.2.1"], ["192.0.2.1", "2001:db8::1"]]),
            podCIDRs: random.pick([[], ["10.244.0.0/24"], ["fd44::/64"], ["10.244.0.0/24", "fd44::/64"]]))
    }
}
