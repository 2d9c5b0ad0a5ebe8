package import KubernetesModel
package import NetworkTypes
package import RandomTesting

/// Random valid objects for property tests: few names, so that they meet, and every field used.
package struct RandomObjects: Sendable {
    /// The source of all choices; tests may draw from it too.
    package var random: SplitMix64
    /// Names are drawn out of this many for each kind.
    package var names: Int

    /// The same seed makes the same objects in the same order.
    package init(seed: UInt64, names: Int = 12) {
        random = SplitMix64(seed: seed)
        self.names = names
    }

    private static let namespaces = ["default", "shop", "a-namespace-of-some-length"]
    private static let nodes = ["node-a", "node-b", "a-node-with-a-long-name.example.com"]
    private static let zones = ["zone-1", "zone-2", "a-zone-with-a-long-name"]
    private static let apps = ["web", "db", "cache"]
    private static let protocols = TransportProtocol.allCases

    /// An object of any kind but ServiceCIDR.
    package mutating func object() -> KubernetesObject {
        switch random.number(0...9) {
        case 0...2: .service(service())
        case 3...5: .endpointSlice(slice())
        case 6...7: .pod(pod())
        case 8: .endpoints(endpoints())
        default: random.oneIn(3) ? .namespace(.make("ns-\(random.number(0...9))")) : .node(node())
        }
    }

    /// Metadata whose name is the prefix with a small number.
    package mutating func meta(_ prefix: String) -> ObjectMeta {
        var meta = ObjectMeta(
            name: "\(prefix)-\(random.number(0...(names - 1)))", namespace: random.pick(Self.namespaces))
        meta.labels["app"] = random.pick(Self.apps)
        if random.oneIn(2) { meta.uid = "uid-\(random.number(0...1000))" }
        if random.oneIn(2) { meta.resourceVersion = String(random.number(1...1000)) }
        if random.oneIn(3) { meta.generation = Int64(random.number(1...9)) }
        if random.oneIn(3) { meta.labels["example.com/tier"] = random.oneIn(2) ? "" : "front_end.1" }
        if random.oneIn(4) { meta.annotations[AnnotationKey.leaderElection] = "any \"text\"\nat all" }
        if random.oneIn(4) { meta.annotations[AnnotationKey.topologyMode] = "Auto" }
        if random.oneIn(3) { meta.creationTimestamp = timestamp() }
        if random.oneIn(5) { meta.deletionTimestamp = timestamp() }
        if random.oneIn(5) {
            meta.ownerReferences = [
                OwnerReference(
                    apiVersion: "v1", kind: "Service", name: "web", uid: "u", controller: random.oneIn(2),
                    blockOwnerDeletion: random.oneIn(2))
            ]
        }
        return meta
    }

    /// Any instant of the years 5 to 8307.
    package mutating func timestamp() -> Timestamp {
        Timestamp(
            seconds: Int64.random(in: -62_000_000_000...200_000_000_000, using: &random),
            nanoseconds: random.oneIn(2) ? 0 : Int32.random(in: 0...999_999_999, using: &random))
    }

    /// An address traffic can be sent to.
    package mutating func address(_ family: IPFamily) -> IPAddress {
        let low = UInt32.random(in: 1...0xFFFFFE, using: &random)
        return family == .ipv4
            ? IPAddress(v4: 0x0A00_0000 | low)
            : IPAddress(bits: 0xFD00_0000_0000_0000_0000_0000_0000_0000 | UInt128(low) << (random.oneIn(2) ? 0 : 40),
                        family: .ipv6)
    }

    /// Any port.
    package mutating func port() -> PortNumber {
        PortNumber(rawValue: UInt16.random(in: 1...65535, using: &random)) ?? 1
    }

    /// A Service of any type.
    package mutating func service() -> Service {
        let type = random.pick(ServiceType.allCases)
        var spec = ServiceSpec(type: type)
        if type == .externalName {
            spec.externalName = "db.example.com"
        } else {
            addressing(&spec)
            ports(&spec)
        }
        if random.oneIn(2) { spec.selector = ["app": random.pick(Self.apps)] }
        if random.oneIn(3) {
            spec.sessionAffinity = .clientIP
            spec.sessionAffinityTimeoutSeconds = Int32(random.number(1...86400))
        }
        if random.oneIn(4) { spec.externalIPs = [address(.ipv4), address(.ipv6)] }
        if type == .nodePort || type == .loadBalancer || !spec.externalIPs.isEmpty, random.oneIn(2) {
            spec.externalTrafficPolicy = .local
        }
        if random.oneIn(3) { spec.internalTrafficPolicy = .local }
        if type == .loadBalancer {
            if random.oneIn(2) { spec.loadBalancerSourceRanges = [IPPrefix(address(.ipv4), length: 12)].compactMap(\.self) }
            if random.oneIn(3) { spec.loadBalancerClass = "example.com/internal" }
            spec.allocateLoadBalancerNodePorts = random.oneIn(2)
            if spec.externalTrafficPolicy == .local { spec.healthCheckNodePort = 32000 }
        }
        spec.publishNotReadyAddresses = random.oneIn(4)
        if random.oneIn(3) {
            spec.trafficDistribution = random.pick(["PreferClose", "PreferSameZone", "PreferSameNode"])
        }
        var service = Service(metadata: meta("service"), spec: spec)
        if type == .loadBalancer && random.oneIn(2) {
            service.status.loadBalancerIngress = [
                LoadBalancerIngress(ip: address(.ipv4), ipMode: random.pick([nil, .vip, .proxy])),
                LoadBalancerIngress(ip: nil, hostname: "lb.example.com"),
            ]
        }
        return service
    }

    private mutating func addressing(_ spec: inout ServiceSpec) {
        let families: [IPFamily] = random.pick([[.ipv4], [.ipv6], [.ipv4, .ipv6], [.ipv6, .ipv4]])
        if spec.type == .clusterIP && random.oneIn(5) {
            spec.clusterIPs = [.none]
        } else if !random.oneIn(6) {
            spec.clusterIPs = families.map { .address(address($0)) }
        }
        if random.oneIn(2) { spec.ipFamilies = families }
        if random.oneIn(2) { spec.ipFamilyPolicy = families.count == 1 ? .singleStack : .requireDualStack }
    }

    private mutating func ports(_ spec: inout ServiceSpec) {
        let count = random.number(1...3)
        for index in 0..<count {
            var port = ServicePortSpec(
                name: count > 1 || random.oneIn(2) ? "port-\(index)" : "", protocol: random.pick(Self.protocols),
                port: PortNumber(8000 + index) ?? 1)
            if random.oneIn(2) { port.targetPort = random.oneIn(2) ? .name("http-\(index)") : .number(self.port()) }
            if random.oneIn(4) { port.appProtocol = "kubernetes.io/h2c" }
            if spec.type == .nodePort || spec.type == .loadBalancer { port.nodePort = PortNumber(30000 + index) }
            spec.ports.append(port)
        }
    }

    /// An IPv4 or IPv6 slice, usually of a Service that ``service()`` may make.
    package mutating func slice() -> EndpointSlice {
        let family: IPFamily = random.oneIn(3) ? .ipv6 : .ipv4
        var slice = EndpointSlice(metadata: meta("slice"), addressType: family == .ipv4 ? .ipv4 : .ipv6)
        if !random.oneIn(6) { slice.metadata.labels[LabelKey.serviceName] = "service-\(random.number(0...(names - 1)))" }
        if random.oneIn(2) { slice.metadata.labels[LabelKey.managedBy] = SliceManager.controller }
        for index in 0..<random.number(0...3) {
            slice.ports.append(
                EndpointPort(
                    name: index == 0 ? "" : "port-\(index)", protocol: random.pick(Self.protocols),
                    port: random.oneIn(6) ? nil : port(), appProtocol: random.oneIn(3) ? "http" : nil))
        }
        for _ in 0..<random.number(0...5) { slice.endpoints.append(endpoint(family)) }
        return slice
    }

    /// An endpoint with any of the conditions.
    package mutating func endpoint(_ family: IPFamily) -> Endpoint {
        var endpoint = Endpoint(addresses: [address(family)])
        endpoint.ready = random.pick([nil, true, false])
        endpoint.serving = random.pick([nil, true, false])
        endpoint.terminating = random.pick([nil, true, false])
        if random.oneIn(4) { endpoint.hostname = "host-1" }
        if random.oneIn(2) { endpoint.nodeName = random.pick(Self.nodes) }
        if random.oneIn(2) { endpoint.zone = random.pick(Self.zones) }
        if random.oneIn(2) { endpoint.targetRef = TargetRef(kind: "Pod", namespace: "shop", name: "web-1", uid: "u-1") }
        if random.oneIn(3) { endpoint.hintZones = [random.pick(Self.zones)] }
        if random.oneIn(4) { endpoint.hintNodes = [random.pick(Self.nodes)] }
        return endpoint
    }

    /// A Pod in any phase.
    package mutating func pod() -> Pod {
        var pod = Pod(metadata: meta("pod"), phase: random.pick(Pod.Phase.allCases))
        if !random.oneIn(5) { pod.nodeName = random.pick(Self.nodes) }
        if random.oneIn(4) { (pod.hostname, pod.subdomain) = ("host-1", "service-1") }
        pod.hostNetwork = random.oneIn(6)
        for index in 0..<random.number(0...3) {
            pod.containerPorts.append(
                ContainerPort(
                    name: random.oneIn(3) ? "" : "http-\(index)", containerPort: port(),
                    protocol: random.pick(Self.protocols)))
        }
        let families: [IPFamily] = random.pick([[], [.ipv4], [.ipv6], [.ipv4, .ipv6], [.ipv6, .ipv4]])
        pod.podIPs = families.map { address($0) }
        pod.isReady = random.oneIn(2)
        if random.oneIn(2) { pod.readyTransitionTime = timestamp() }
        return pod
    }

    /// Endpoints of a Service that ``service()`` may make.
    package mutating func endpoints() -> Endpoints {
        var object = Endpoints(metadata: meta("service"))
        for _ in 0..<random.number(0...2) {
            object.subsets.append(
                Endpoints.Subset(
                    addresses: [
                        .init(ip: address(.ipv4), hostname: random.oneIn(2) ? "host-1" : nil, nodeName: "node-a"),
                        .init(ip: address(.ipv6)),
                    ],
                    notReadyAddresses: random.oneIn(2) ? [] : [.init(ip: address(.ipv4))],
                    ports: [.init(name: "http", port: port()), .init(name: "dns", protocol: .udp, port: port())]))
        }
        return object
    }

    /// A node with or without a zone.
    package mutating func node() -> Node {
        Node.make(
            random.pick(Self.nodes), zone: random.oneIn(4) ? nil : random.pick(Self.zones),
            internalIPs: [address(.ipv4).description], podCIDRs: random.oneIn(2) ? [] : ["10.244.1.0/24", "fd00:1::/64"],
            ready: random.oneIn(2), milliCPU: random.pick([0, 4000, 3920, 1]))
    }
}
