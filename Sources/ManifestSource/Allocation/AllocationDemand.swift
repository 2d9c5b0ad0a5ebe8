internal import KubernetesModel
internal import NetworkTypes

/// What a Service asks for: the addresses and ports it names, and those it leaves open.
struct AllocationDemand: Sendable, Hashable {
    struct Claim: Sendable, Hashable {
        var resource: AllocatedResource
        var field: Field
    }

    /// Where a Service names what it claims.
    enum Field: Sendable, Hashable, CustomStringConvertible {
        case clusterIP(Int)
        case nodePort(Int)
        case healthCheckNodePort

        /// `spec.ports[1].nodePort`.
        var description: String {
            switch self {
            case .clusterIP(let index): "spec.clusterIPs[\(index)]"
            case .nodePort(let index): "spec.ports[\(index)].nodePort"
            case .healthCheckNodePort: "spec.healthCheckNodePort"
            }
        }
    }

    var claims: [Claim] = []
    /// Filled by an allocation.
    var slots: [AllocationSlot] = []
    /// The families of the Service, its primary one first; empty for ExternalName and for headless
    /// Services without a selector, whose endpoints say it.
    var families: [IPFamily] = []

    /// - Parameter ranges: the first tells the family of Services that name none; a family without a
    ///   range is left out where PreferDualStack allows it.
    init(_ service: Service, ranges: [IPPrefix]) {
        let spec = service.spec
        guard spec.type != .externalName else { return }
        if !spec.isHeadless || !spec.selector.isEmpty {
            families = Self.families(spec, ranges)
        }
        if !spec.isHeadless {
            let named = spec.clusterAddresses
            for (index, address) in named.enumerated() {
                claims.append(Claim(resource: .address(address), field: .clusterIP(index)))
            }
            for family in families where !named.contains(where: { $0.family == family }) {
                slots.append(.clusterIP(family))
            }
        }
        addNodePorts(spec)
    }

    private mutating func addNodePorts(_ spec: ServiceSpec) {
        var named: [UInt16: UInt16] = [:]
        for (index, port) in spec.ports.enumerated() {
            guard let nodePort = port.nodePort?.rawValue else { continue }
            named[port.port.rawValue] = nodePort
            let claim = Claim(resource: .nodePort(nodePort), field: .nodePort(index))
            if !claims.contains(where: { $0.resource == claim.resource }) { claims.append(claim) }
        }
        let isBalanced = spec.type == .loadBalancer
        if spec.type == .nodePort || isBalanced && spec.allocateLoadBalancerNodePorts {
            for port in spec.ports where port.nodePort == nil && named[port.port.rawValue] == nil {
                let slot = AllocationSlot.nodePort(port.port.rawValue)
                if !slots.contains(slot) { slots.append(slot) }
            }
        }
        guard isBalanced, spec.externalTrafficPolicy == .local else { return }
        if spec.healthCheckNodePort != 0 {
            claims.append(Claim(resource: .nodePort(spec.healthCheckNodePort), field: .healthCheckNodePort))
        } else {
            slots.append(.healthCheckNodePort)
        }
    }

    /// As the API server defaults `ipFamilies` and `ipFamilyPolicy` (KEP-563).
    private static func families(_ spec: ServiceSpec, _ ranges: [IPPrefix]) -> [IPFamily] {
        let named = spec.clusterAddresses.map(\.family)
        let primary = named.first ?? spec.ipFamilies.first ?? ranges.first?.family ?? .ipv4
        let other: IPFamily = primary == .ipv4 ? .ipv6 : .ipv4
        let namesBoth = named.contains(other) || spec.ipFamilies.contains(other)
        switch spec.ipFamilyPolicy {
        case .requireDualStack: return [primary, other]
        case .preferDualStack:
            return named.contains(other) || ranges.contains { $0.family == other } ? [primary, other] : [primary]
        case .singleStack, nil: return namesBoth ? [primary, other] : [primary]
        }
    }
}

extension AllocationDemand {
    /// The Service with what was allocated filled in, as the API server would hand it out.
    func fill(_ service: Service, with assigned: [AllocationSlot: AllocatedResource]) -> Service {
        var result = service
        if !families.isEmpty {
            result.spec.ipFamilies = families
            result.spec.ipFamilyPolicy = service.spec.ipFamilyPolicy
                ?? (families.count > 1 ? .requireDualStack : .singleStack)
        }
        if !service.spec.isHeadless && !families.isEmpty {
            let filled = families.compactMap { family -> ClusterIP? in
                if let named = service.spec.clusterAddresses.first(where: { $0.family == family }) {
                    return .address(named)
                }
                guard case .address(let address)? = assigned[.clusterIP(family)] else { return nil }
                return .address(address)
            }
            // An equal list stays shared with the manifest's object.
            if filled != result.spec.clusterIPs { result.spec.clusterIPs = filled }
        }
        fillNodePorts(&result.spec, assigned)
        if case .nodePort(let port)? = assigned[.healthCheckNodePort] { result.spec.healthCheckNodePort = port }
        return result
    }

    private func fillNodePorts(_ spec: inout ServiceSpec, _ assigned: [AllocationSlot: AllocatedResource]) {
        guard spec.type == .nodePort || spec.type == .loadBalancer && spec.allocateLoadBalancerNodePorts else { return }
        let named = Dictionary(
            spec.ports.compactMap { port in port.nodePort.map { (port.port, $0) } }, uniquingKeysWith: { first, _ in first })
        for index in spec.ports.indices where spec.ports[index].nodePort == nil {
            let port = spec.ports[index].port
            if let shared = named[port] {
                spec.ports[index].nodePort = shared
            } else if case .nodePort(let number)? = assigned[.nodePort(port.rawValue)] {
                spec.ports[index].nodePort = PortNumber(rawValue: number)
            }
        }
    }
}
