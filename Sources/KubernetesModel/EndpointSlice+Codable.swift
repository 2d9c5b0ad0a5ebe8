internal import NetworkTypes

extension EndpointSlice: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: ObjectField.self)
        guard let type = try container.choice(.addressType, of: AddressType.self) else {
            throw container.fault(.addressType, Phrase.required)
        }
        self.init(
            metadata: try container.metadata(of: .endpointSlice), addressType: type,
            ports: try container.list(.ports),
            endpoints: type == .fqdn
                ? try container.list(.endpoints, of: NamedEndpoint.self).map(\.endpoint)
                : try container.list(.endpoints))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: ObjectField.self)
        try container.encodeHead(.endpointSlice, metadata)
        try container.encode(addressType.rawValue, forKey: .addressType)
        try container.encode(ports, forKey: .ports)
        try container.encode(endpoints, forKey: .endpoints)
    }
}

extension EndpointPort: Codable {
    private enum Field: String, CodingKey { case name, `protocol`, port, appProtocol }

    /// An absent name is the empty name, as the API server defaults it.
    public init(from decoder: any Decoder) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            name: interner.intern(try container.string(.name)),
            protocol: try container.transportProtocol(.protocol), port: try container.port(.port),
            appProtocol: interner.intern(try container.decodeIfPresent(String.self, forKey: .appProtocol)))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeIfPresent(name, forKey: .name)
        try container.encode(`protocol`.kubernetesName, forKey: .protocol)
        try container.encode(port, .port)
        try container.encodeIfPresent(appProtocol, forKey: .appProtocol)
    }
}

/// An endpoint of an FQDN slice: the same but for its addresses, which are names and not kept.
private struct NamedEndpoint: Decodable {
    let endpoint: Endpoint

    init(from decoder: any Decoder) throws {
        endpoint = try Endpoint(from: decoder, keepingAddresses: false)
    }
}

extension Endpoint: Codable {
    private enum Field: String, CodingKey {
        case addresses, conditions, hostname, nodeName, zone, targetRef, hints
    }
    private enum ConditionField: String, CodingKey { case ready, serving, terminating }
    private enum HintField: String, CodingKey { case forZones, forNodes }

    public init(from decoder: any Decoder) throws {
        try self.init(from: decoder, keepingAddresses: true)
    }

    fileprivate init(from decoder: any Decoder, keepingAddresses: Bool) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: Field.self)
        let addresses = keepingAddresses ? try container.addresses(.addresses) : []
        let hostname = try container.nonEmptyString(.hostname)
        let nodeName = interner.intern(try container.nonEmptyString(.nodeName))
        let zone = interner.intern(try container.nonEmptyString(.zone))
        let targetRef = try container.decodeIfPresent(TargetRef.self, forKey: .targetRef)
        let conditions = try container.nested(.conditions, keyedBy: ConditionField.self)
        let ready = try conditions?.decodeIfPresent(Bool.self, forKey: .ready)
        let serving = try conditions?.decodeIfPresent(Bool.self, forKey: .serving)
        let terminating = try conditions?.decodeIfPresent(Bool.self, forKey: .terminating)
        let hints = try container.nested(.hints, keyedBy: HintField.self)
        // At once: most of these fields cost an allocation when they are set later.
        self.init(
            addresses: addresses, ready: ready, serving: serving, terminating: terminating, hostname: hostname,
            nodeName: nodeName, zone: zone, targetRef: targetRef,
            hintZones: try hints?.list(.forZones, of: Hint.self).map(\.name) ?? [],
            hintNodes: try hints?.list(.forNodes, of: Hint.self).map(\.name) ?? [])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(addresses.map(\.description), forKey: .addresses)
        var conditions = container.nestedContainer(keyedBy: ConditionField.self, forKey: .conditions)
        try conditions.encodeIfPresent(ready, forKey: .ready)
        try conditions.encodeIfPresent(serving, forKey: .serving)
        try conditions.encodeIfPresent(terminating, forKey: .terminating)
        try container.encodeIfPresent(hostname, forKey: .hostname)
        try container.encodeIfPresent(nodeName, forKey: .nodeName)
        try container.encodeIfPresent(zone, forKey: .zone)
        try container.encodeIfPresent(targetRef, forKey: .targetRef)
        if !hintZones.isEmpty || !hintNodes.isEmpty {
            var hints = container.nestedContainer(keyedBy: HintField.self, forKey: .hints)
            try hints.encodeUnlessEmpty(hintZones.map { Hint(name: $0) }, .forZones)
            try hints.encodeUnlessEmpty(hintNodes.map { Hint(name: $0) }, .forNodes)
        }
    }
}

/// An item of `hints.forZones` or `hints.forNodes`.
private struct Hint: Codable {
    private enum Field: String, CodingKey { case name }

    var name: String

    init(name: String) { self.name = name }

    init(from decoder: any Decoder) throws {
        let text = try decoder.container(keyedBy: Field.self).string(.name)
        name = decoder.interner.intern(text) ?? text
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(name, forKey: .name)
    }
}

extension TargetRef: Codable {
    private enum Field: String, CodingKey { case kind, namespace, name, uid }

    public init(from decoder: any Decoder) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            kind: interner.intern(try container.string(.kind)) ?? "",
            namespace: interner.intern(try container.string(.namespace)) ?? "",
            name: try container.string(.name), uid: try container.string(.uid))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeUnlessEmpty(kind, .kind)
        try container.encodeUnlessEmpty(namespace, .namespace)
        try container.encodeUnlessEmpty(name, .name)
        try container.encodeUnlessEmpty(uid, .uid)
    }
}
