internal import NetworkTypes

extension Endpoints: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: ObjectField.self)
        self.init(metadata: try container.metadata(of: .endpoints), subsets: try container.list(.subsets))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: ObjectField.self)
        try container.encodeHead(.endpoints, metadata)
        try container.encodeUnlessEmpty(subsets, .subsets)
    }
}

extension Endpoints.Subset: Codable {
    private enum Field: String, CodingKey { case addresses, notReadyAddresses, ports }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            addresses: try container.list(.addresses), notReadyAddresses: try container.list(.notReadyAddresses),
            ports: try container.list(.ports))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeUnlessEmpty(addresses, .addresses)
        try container.encodeUnlessEmpty(notReadyAddresses, .notReadyAddresses)
        try container.encodeUnlessEmpty(ports, .ports)
    }
}

extension Endpoints.Address: Codable {
    private enum Field: String, CodingKey { case ip, hostname, nodeName, targetRef }

    public init(from decoder: any Decoder) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: Field.self)
        guard let ip = try container.address(.ip) else { throw container.fault(.ip, Phrase.required) }
        self.init(
            ip: ip, hostname: try container.nonEmptyString(.hostname),
            nodeName: interner.intern(try container.nonEmptyString(.nodeName)),
            targetRef: try container.decodeIfPresent(TargetRef.self, forKey: .targetRef))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(ip.description, forKey: .ip)
        try container.encodeIfPresent(hostname, forKey: .hostname)
        try container.encodeIfPresent(nodeName, forKey: .nodeName)
        try container.encodeIfPresent(targetRef, forKey: .targetRef)
    }
}

extension Endpoints.Port: Codable {
    private enum Field: String, CodingKey { case name, `protocol`, port, appProtocol }

    public init(from decoder: any Decoder) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            name: interner.intern(try container.string(.name)) ?? "",
            protocol: try container.transportProtocol(.protocol), port: try container.requiredPort(.port),
            appProtocol: interner.intern(try container.decodeIfPresent(String.self, forKey: .appProtocol)))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeUnlessEmpty(name, .name)
        try container.encode(`protocol`.kubernetesName, forKey: .protocol)
        try container.encode(port, .port)
        try container.encodeIfPresent(appProtocol, forKey: .appProtocol)
    }
}
