internal import KubernetesModel
internal import NetworkTypes

extension MessageReader {
    func service(_ message: CoreService) throws(FieldError) -> Service {
        Service(
            metadata: try metadata(message.metadata, of: .service),
            spec: try inside("spec") { () throws(FieldError) in try serviceSpec(message.spec) },
            status: try inside("status") { () throws(FieldError) in try serviceStatus(message.status) })
    }

    private func serviceSpec(_ message: CoreServiceSpec) throws(FieldError) -> ServiceSpec {
        let affinity = try choice(message.sessionAffinity, "sessionAffinity", of: SessionAffinity.self) ?? .none
        let config = message.sessionAffinityConfig.clientIp
        return ServiceSpec(
            type: try choice(message.type, "type") ?? .clusterIP,
            clusterIPs: try clusterIPs(message),
            ipFamilies: try ipFamilies(message.ipFamilies),
            ipFamilyPolicy: try choice(message.ipFamilyPolicy, "ipFamilyPolicy"),
            ports: try items(message.ports, "ports", servicePort),
            selector: message.selector.isEmpty ? [:] : strings.intern(keysOf: message.selector),
            sessionAffinity: affinity,
            sessionAffinityTimeoutSeconds: affinity == .none || !config.hasTimeoutSeconds
                ? ServiceSpec.defaultAffinityTimeoutSeconds : config.timeoutSeconds,
            externalTrafficPolicy: try choice(message.externalTrafficPolicy, "externalTrafficPolicy") ?? .cluster,
            internalTrafficPolicy: try choice(message.internalTrafficPolicy, "internalTrafficPolicy") ?? .cluster,
            externalIPs: try addresses(message.externalIps, "externalIPs"),
            loadBalancerSourceRanges: try prefixes(message.loadBalancerSourceRanges, "loadBalancerSourceRanges"),
            loadBalancerClass: message.hasLoadBalancerClass ? strings.intern(message.loadBalancerClass) : nil,
            allocateLoadBalancerNodePorts: message.hasAllocateLoadBalancerNodePorts
                ? message.allocateLoadBalancerNodePorts : true,
            healthCheckNodePort: try portOrZero(message.healthCheckNodePort, "healthCheckNodePort")?.rawValue ?? 0,
            publishNotReadyAddresses: message.publishNotReadyAddresses,
            trafficDistribution: optional(message.trafficDistribution), externalName: message.externalName)
    }

    /// `clusterIPs`, or `clusterIP` alone. Given both, the first of the list must be the single one.
    private func clusterIPs(_ message: CoreServiceSpec) throws(FieldError) -> [ClusterIP] {
        let list = try parsed(message.clusterIps, "clusterIPs", Phrase.address, clusterIP)
        let text = message.clusterIp
        if text.isEmpty { return list }
        guard let single = clusterIP(text) else {
            throw FieldError("clusterIP", Phrase.invalid(text, Phrase.address))
        }
        guard let first = list.first else { return [single] }
        guard first == single else {
            throw FieldError(
                "clusterIPs", index: 0, Phrase.invalid(first.text, "first value must match `clusterIP`"))
        }
        return list
    }

    private func clusterIP(_ text: String) -> ClusterIP? {
        text == "None" ? ClusterIP.none : IPAddress(text).map(ClusterIP.address)
    }

    private func ipFamilies(_ texts: [String]) throws(FieldError) -> [IPFamily] {
        var families: [IPFamily] = []
        families.reserveCapacity(texts.count)
        for (index, text) in texts.enumerated() {
            switch text {
            case "IPv4": families.append(.ipv4)
            case "IPv6": families.append(.ipv6)
            default:
                throw FieldError("ipFamilies", index: index, Phrase.unsupported(text, of: ["IPv4", "IPv6"]))
            }
        }
        return families
    }

    private func servicePort(_ message: CoreServicePort) throws(FieldError) -> ServicePortSpec {
        ServicePortSpec(
            name: strings.intern(message.name), protocol: try transportProtocol(message.protocol),
            port: try requiredPort(message.port, "port"), targetPort: try targetPort(message.targetPort),
            nodePort: try portOrZero(message.nodePort, "nodePort"),
            appProtocol: message.hasAppProtocol ? strings.intern(message.appProtocol) : nil)
    }

    /// Nil for absent, 0 and the empty name: each stands for the Service's port.
    private func targetPort(_ message: CoreIntOrString) throws(FieldError) -> TargetPort? {
        if message.type == CoreIntOrString.string { return message.strVal.isEmpty ? nil : .name(message.strVal) }
        return try portOrZero(message.intVal, "targetPort").map(TargetPort.number)
    }

    private func serviceStatus(_ message: CoreServiceStatus) throws(FieldError) -> ServiceStatus {
        let ingress = message.loadBalancer.ingress
        if ingress.isEmpty { return ServiceStatus() }
        return ServiceStatus(
            loadBalancerIngress: try inside("loadBalancer") { () throws(FieldError) in
                try items(ingress, "ingress", loadBalancerIngress)
            })
    }

    private func loadBalancerIngress(_ message: CoreLoadBalancerIngress) throws(FieldError) -> LoadBalancerIngress {
        LoadBalancerIngress(
            ip: try address(message.ip, "ip"), hostname: message.hostname, ipMode: try choice(message.ipMode, "ipMode"))
    }
}

extension CoreIntOrString {
    /// `type` where the value is `strVal`.
    static let string: Int64 = 1
}
