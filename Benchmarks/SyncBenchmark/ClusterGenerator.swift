import KubernetesModel
import NetworkTypes
import ObjectStore
import RandomTesting

/// Which cluster a measurement makes up.
struct ClusterSize {
    let services: Int
    let meanEndpoints: Int
    let seed: UInt64
    let hasExtras: Bool

    var generator: ClusterGenerator {
        ClusterGenerator(services: services, meanEndpoints: meanEndpoints, seed: seed, hasExtras: hasExtras)
    }
}

/// A made-up cluster with the skew of a real one: 1 to 20 endpoints a Service around a given mean, a
/// tenth of the Services dual stack, a tenth with NodePorts, a fifth with two ports, and one Service
/// of 5 000 endpoints. The same seed gives the same cluster.
struct ClusterGenerator {
    /// Endpoints of the one big Service.
    static let bigServiceEndpoints = 5000
    /// Endpoints in a slice, as the EndpointSlice controller packs them.
    static let endpointsPerSlice = 100
    /// NodePorts are given out from 30000 on; the range has 2768.
    static let nodePortLimit = 2767

    let services: Int
    let meanEndpoints: Int
    /// A tenth of the Services remembers its clients, and another tenth has a load balancer address that
    /// two ranges of its own may reach.
    let hasExtras: Bool
    private var random: SplitMix64

    init(services: Int, meanEndpoints: Int, seed: UInt64, hasExtras: Bool = false) {
        self.services = services
        self.meanEndpoints = meanEndpoints
        self.hasExtras = hasExtras
        random = SplitMix64(seed: seed)
    }

    /// Skewed: the smaller of two draws, stretched so that the mean is kept.
    private mutating func endpointCount() -> Int {
        let limit = meanEndpoints * 3 - 1
        return min(20, 1 + min(random.below(limit), random.below(limit)))
    }

    /// Events that make the cluster, `synced` for every kind at the end.
    mutating func events() -> [StoreEvent] {
        var events: [StoreEvent] = []
        var pod = 0
        for index in 0..<services {
            let service = service(index)
            let count = index == 0 ? Self.bigServiceEndpoints : endpointCount()
            for family in service.spec.ipFamilies {
                for slice in slices(of: service, family: family, firstPod: pod, count: count) {
                    events.append(.set(.endpointSlice(slice)))
                }
            }
            pod += count
            events.append(.set(.service(service)))
        }
        return events + ObjectKind.allCases.map { .synced($0) }
    }

    /// Service number `index`; stable for one seed and number.
    func service(_ index: Int) -> Service {
        let isDual = index % 10 == 3
        let hasNodePort = index % 10 == 7 && index / 10 < Self.nodePortLimit / 2
        var ports = [
            ServicePortSpec(
                name: "http", port: 80, targetPort: .number(8080),
                nodePort: hasNodePort ? PortNumber(30000 + index / 10 * 2) : nil)
        ]
        if index % 5 == 1 {
            ports.append(ServicePortSpec(name: "dns", protocol: .udp, port: 53, targetPort: .number(5353)))
        }
        let v4 = IPAddress(v4: 0x0A60_0000 + 16 + UInt32(index))
        let v6 = IPAddress(bits: (0xFD00_0010_0096 << 80) + 16 + UInt128(index), family: .ipv6)
        var service = Service(
            metadata: ObjectMeta(name: "service-\(index)", namespace: "namespace-\(index % 50)"),
            spec: ServiceSpec(
                type: hasNodePort ? .nodePort : .clusterIP, clusterIPs: isDual ? [.address(v4), .address(v6)] : [.address(v4)],
                ipFamilies: isDual ? [.ipv4, .ipv6] : [.ipv4], ports: ports, selector: ["app": "service-\(index)"]))
        if hasExtras { addExtras(&service, index) }
        return service
    }

    private func addExtras(_ service: inout Service, _ index: Int) {
        switch index % 10 {
        case 5: service.spec.sessionAffinity = .clientIP
        case 9:
            service.spec.type = .loadBalancer
            service.status.loadBalancerIngress = [LoadBalancerIngress(ip: IPAddress(v4: 0xCB00_0000 + UInt32(index)))]
            service.spec.loadBalancerSourceRanges = [
                IPPrefix(IPAddress(v4: 0xC600_0000 + UInt32(index) << 4), length: 28),
                IPPrefix(IPAddress(v4: 0xAC10_0000 + UInt32(index)), length: 32),
            ].compactMap { $0 }
        default: break
        }
    }

    func endpoint(pod: Int, family: IPFamily) -> Endpoint {
        let address =
            family == .ipv4
            ? IPAddress(v4: 0x0B00_0000 + UInt32(pod))
            : IPAddress(bits: (0xFD00_0010_0244 << 80) + UInt128(pod), family: .ipv6)
        return Endpoint(
            addresses: [address], ready: true, serving: true, terminating: false, nodeName: "node-\(pod % 100)")
    }

    func slices(of service: Service, family: IPFamily, firstPod: Int, count: Int) -> [EndpointSlice] {
        let ports = service.spec.ports.map { port -> EndpointPort in
            guard case .number(let number) = port.targetPort else { return EndpointPort(name: port.name, port: nil) }
            return EndpointPort(name: port.name, protocol: port.protocol, port: number)
        }
        return stride(from: 0, to: count, by: Self.endpointsPerSlice).map { start in
            let end = min(count, start + Self.endpointsPerSlice)
            return EndpointSlice(
                metadata: ObjectMeta(
                    name: "\(service.metadata.name)-\(family == .ipv4 ? "v4" : "v6")-\(start / Self.endpointsPerSlice)",
                    namespace: service.metadata.namespace,
                    labels: [LabelKey.serviceName: service.metadata.name, LabelKey.managedBy: SliceManager.controller]),
                addressType: family == .ipv4 ? .ipv4 : .ipv6, ports: ports,
                endpoints: (start..<end).map { endpoint(pod: firstPod + $0, family: family) })
        }
    }
}
