internal import NetworkTypes

extension Pod: Codable {
    private enum SpecField: String, CodingKey {
        case nodeName, hostname, subdomain, hostNetwork, containers, initContainers
    }
    private enum StatusField: String, CodingKey { case phase, podIP, podIPs, conditions }

    public init(from decoder: any Decoder) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: ObjectField.self)
        self.init(metadata: try container.metadata(of: .pod))
        if let spec = try container.nested(.spec, keyedBy: SpecField.self) {
            nodeName = interner.intern(try spec.string(.nodeName)) ?? ""
            hostname = try spec.string(.hostname)
            subdomain = interner.intern(try spec.string(.subdomain)) ?? ""
            hostNetwork = try spec.bool(.hostNetwork)
            containerPorts = try spec.list(.containers, of: Container.self).flatMap(\.ports)
            for sidecar in try spec.list(.initContainers, of: Container.self) where sidecar.isRestartable {
                containerPorts += sidecar.ports
            }
        }
        if let status = try container.nested(.status, keyedBy: StatusField.self) {
            phase = try status.choice(.phase, default: .pending)
            podIPs = try status.list(.podIPs, of: PodIP.self).compactMap(\.ip)
            if let first = try status.address(.podIP), podIPs.first != first {
                podIPs.removeAll { $0 == first }
                podIPs.insert(first, at: 0)
            }
            if let ready = try status.list(.conditions, of: StatusCondition.self).first(where: { $0.type == "Ready" }) {
                isReady = ready.status == "True"
                readyTransitionTime = ready.lastTransitionTime
            }
        }
    }

    /// The ports of every container are written as those of one.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: ObjectField.self)
        try container.encodeHead(.pod, metadata)
        var spec = container.nestedContainer(keyedBy: SpecField.self, forKey: .spec)
        try spec.encodeUnlessEmpty(nodeName, .nodeName)
        try spec.encodeUnlessEmpty(hostname, .hostname)
        try spec.encodeUnlessEmpty(subdomain, .subdomain)
        try spec.encodeIfTrue(hostNetwork, .hostNetwork)
        if !containerPorts.isEmpty {
            try spec.encode([Container(ports: containerPorts, isRestartable: false)], forKey: .containers)
        }
        var status = container.nestedContainer(keyedBy: StatusField.self, forKey: .status)
        try status.encode(phase.rawValue, forKey: .phase)
        try status.encodeIfPresent(podIPs.first?.description, forKey: .podIP)
        try status.encodeUnlessEmpty(podIPs.map { PodIP(ip: $0) }, .podIPs)
        if isReady || readyTransitionTime != nil {
            let ready = StatusCondition(isTrue: isReady, type: "Ready", lastTransitionTime: readyTransitionTime)
            try status.encode([ready], forKey: .conditions)
        }
    }
}

/// The part of a container that makes ports reachable by name.
private struct Container: Codable {
    private enum Field: String, CodingKey { case ports, restartPolicy }

    var ports: [ContainerPort]
    /// An init container that runs beside the others (a sidecar).
    var isRestartable: Bool

    init(ports: [ContainerPort], isRestartable: Bool) {
        self.ports = ports
        self.isRestartable = isRestartable
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        ports = try container.list(.ports)
        isRestartable = try container.decodeIfPresent(String.self, forKey: .restartPolicy) == "Always"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(ports, forKey: .ports)
    }
}

extension ContainerPort: Codable {
    private enum Field: String, CodingKey { case name, containerPort, `protocol` }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            name: try container.string(.name), containerPort: try container.requiredPort(.containerPort),
            protocol: try container.transportProtocol(.protocol))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeUnlessEmpty(name, .name)
        try container.encode(containerPort, .containerPort)
        try container.encode(`protocol`.kubernetesName, forKey: .protocol)
    }
}

/// An item of `status.podIPs`.
private struct PodIP: Codable {
    private enum Field: String, CodingKey { case ip }

    var ip: IPAddress?

    init(ip: IPAddress) { self.ip = ip }

    init(from decoder: any Decoder) throws {
        ip = try decoder.container(keyedBy: Field.self).address(.ip)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeIfPresent(ip?.description, forKey: .ip)
    }
}
