internal import NetworkTypes

extension Service: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: ObjectField.self)
        self.init(
            metadata: try container.metadata(of: .service),
            spec: try container.decodeIfPresent(ServiceSpec.self, forKey: .spec) ?? ServiceSpec(),
            status: try container.decodeIfPresent(ServiceStatus.self, forKey: .status) ?? ServiceStatus())
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: ObjectField.self)
        try container.encodeHead(.service, metadata)
        try container.encode(spec, forKey: .spec)
        try container.encode(status, forKey: .status)
    }
}

extension ServicePortSpec: Codable {
    private enum Field: String, CodingKey {
        case name, `protocol`, port, targetPort, nodePort, appProtocol
    }

    public init(from decoder: any Decoder) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            name: interner.intern(try container.string(.name)) ?? "",
            protocol: try container.transportProtocol(.protocol),
            port: try container.requiredPort(.port),
            targetPort: try Self.targetPort(container),
            nodePort: try container.portOrZero(.nodePort),
            appProtocol: interner.intern(try container.decodeIfPresent(String.self, forKey: .appProtocol)))
    }

    /// Nil for absent, 0 and the empty name: each stands for the Service's port.
    private static func targetPort(_ container: KeyedDecodingContainer<Field>) throws -> TargetPort? {
        guard container.contains(.targetPort), try !container.decodeNil(forKey: .targetPort) else { return nil }
        // A number or a name; only trying tells which.
        if let number = try? container.decode(Int.self, forKey: .targetPort) {
            guard number != 0 else { return nil }
            guard let port = PortNumber(number) else {
                throw container.fault(.targetPort, Phrase.invalid(number, Phrase.portRange))
            }
            return .number(port)
        }
        let name = try container.decode(String.self, forKey: .targetPort)
        return name.isEmpty ? nil : .name(name)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeUnlessEmpty(name, .name)
        try container.encode(`protocol`.kubernetesName, forKey: .protocol)
        try container.encode(port, .port)
        switch targetPort {
        case .number(let number): try container.encode(number.rawValue, forKey: .targetPort)
        case .name(let name): try container.encode(name, forKey: .targetPort)
        }
        try container.encode(nodePort, .nodePort)
        try container.encodeIfPresent(appProtocol, forKey: .appProtocol)
    }
}

extension ServiceStatus: Codable {
    private enum Field: String, CodingKey { case loadBalancer }
    private enum LoadBalancerField: String, CodingKey { case ingress }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        let loadBalancer = try container.nested(.loadBalancer, keyedBy: LoadBalancerField.self)
        self.init(loadBalancerIngress: try loadBalancer?.list(.ingress) ?? [])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        var loadBalancer = container.nestedContainer(keyedBy: LoadBalancerField.self, forKey: .loadBalancer)
        try loadBalancer.encodeUnlessEmpty(loadBalancerIngress, .ingress)
    }
}

extension LoadBalancerIngress: Codable {
    private enum Field: String, CodingKey { case ip, hostname, ipMode }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            ip: try container.address(.ip), hostname: try container.string(.hostname),
            ipMode: try container.choice(.ipMode))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeIfPresent(ip?.description, forKey: .ip)
        try container.encodeUnlessEmpty(hostname, .hostname)
        try container.encodeIfPresent(ipMode?.rawValue, forKey: .ipMode)
    }
}
