internal import KubernetesModel
internal import NetworkTypes

extension CoreService {
    init(_ service: Service) {
        metadata = MetaObjectMeta(service.metadata)
        spec = CoreServiceSpec(service.spec)
        status.loadBalancer.ingress = service.status.loadBalancerIngress.map { ingress in
            var message = CoreLoadBalancerIngress()
            message.ip = ingress.ip?.description ?? ""
            message.hostname = ingress.hostname
            message.ipMode = ingress.ipMode?.rawValue ?? ""
            return message
        }
    }
}

extension CoreServiceSpec {
    /// Fields are left out where encoding as JSON leaves them out.
    init(_ spec: ServiceSpec) {
        type = spec.type.rawValue
        clusterIp = spec.clusterIPs.first?.text ?? ""
        clusterIps = spec.clusterIPs.map(\.text)
        ipFamilies = spec.ipFamilies.map(\.description)
        ipFamilyPolicy = spec.ipFamilyPolicy?.rawValue ?? ""
        ports = spec.ports.map { CoreServicePort($0) }
        selector = spec.selector
        sessionAffinity = spec.sessionAffinity.rawValue
        if spec.sessionAffinity == .clientIP {
            sessionAffinityConfig.clientIp.timeoutSeconds = spec.sessionAffinityTimeoutSeconds
        }
        if spec.isExternallyAccessible || spec.externalTrafficPolicy != .cluster {
            externalTrafficPolicy = spec.externalTrafficPolicy.rawValue
        }
        if spec.type != .externalName || spec.internalTrafficPolicy != .cluster {
            internalTrafficPolicy = spec.internalTrafficPolicy.rawValue
        }
        if spec.type == .loadBalancer || !spec.allocateLoadBalancerNodePorts {
            allocateLoadBalancerNodePorts = spec.allocateLoadBalancerNodePorts
        }
        externalIps = spec.externalIPs.map(\.description)
        loadBalancerSourceRanges = spec.loadBalancerSourceRanges.map(\.description)
        if let name = spec.loadBalancerClass { loadBalancerClass = name }
        healthCheckNodePort = Int32(spec.healthCheckNodePort)
        publishNotReadyAddresses = spec.publishNotReadyAddresses
        trafficDistribution = spec.trafficDistribution ?? ""
        externalName = spec.externalName
    }
}

extension CoreServicePort {
    init(_ port: ServicePortSpec) {
        name = port.name
        `protocol` = port.protocol.kubernetesName
        self.port = Int32(port.port.rawValue)
        switch port.targetPort {
        case .number(let number): targetPort.intVal = Int32(number.rawValue)
        case .name(let name):
            targetPort.type = CoreIntOrString.string
            targetPort.strVal = name
        }
        nodePort = Int32(port.nodePort?.rawValue ?? 0)
        if let name = port.appProtocol { appProtocol = name }
    }
}
