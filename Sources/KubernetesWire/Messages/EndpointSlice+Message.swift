internal import KubernetesModel
internal import NetworkTypes

extension MessageReader {
    func endpointSlice(_ message: DiscoveryEndpointSlice) throws(FieldError) -> EndpointSlice {
        guard let type = try choice(message.addressType, "addressType", of: EndpointSlice.AddressType.self) else {
            throw FieldError("addressType", Phrase.required)
        }
        return EndpointSlice(
            metadata: try metadata(message.metadata, of: .endpointSlice), addressType: type,
            ports: try items(message.ports, "ports", endpointPort),
            endpoints: try items(message.endpoints, "endpoints") { (endpoint) throws(FieldError) in
                try self.endpoint(endpoint, keepingAddresses: type != .fqdn)
            })
    }

    /// An absent name is the empty name, as the API server defaults it.
    private func endpointPort(_ message: DiscoveryEndpointPort) throws(FieldError) -> EndpointPort {
        EndpointPort(
            name: strings.intern(message.name), protocol: try transportProtocol(message.protocol),
            port: message.hasPort ? try port(message.port, "port") : nil,
            appProtocol: message.hasAppProtocol ? strings.intern(message.appProtocol) : nil)
    }

    private func endpoint(
        _ message: DiscoveryEndpoint, keepingAddresses: Bool
    ) throws(FieldError) -> Endpoint {
        let conditions = message.conditions
        let hints = message.hints
        return Endpoint(
            addresses: keepingAddresses ? try addresses(message.addresses, "addresses") : [],
            ready: conditions.hasReady ? conditions.ready : nil,
            serving: conditions.hasServing ? conditions.serving : nil,
            terminating: conditions.hasTerminating ? conditions.terminating : nil,
            hostname: message.hostname.isEmpty ? nil : message.hostname, nodeName: optional(message.nodeName),
            zone: optional(message.zone), targetRef: message.hasTargetRef ? targetRef(message.targetRef) : nil,
            hintZones: hints.forZones.map { strings.intern($0.name) },
            hintNodes: hints.forNodes.map { strings.intern($0.name) })
    }

    func targetRef(_ message: CoreObjectReference) -> TargetRef {
        TargetRef(
            kind: strings.intern(message.kind), namespace: strings.intern(message.namespace), name: message.name,
            uid: message.uid)
    }
}

extension DiscoveryEndpointSlice {
    init(_ slice: EndpointSlice) {
        metadata = MetaObjectMeta(slice.metadata)
        addressType = slice.addressType.rawValue
        ports = slice.ports.map { DiscoveryEndpointPort($0) }
        endpoints = slice.endpoints.map { DiscoveryEndpoint($0) }
    }
}

extension DiscoveryEndpointPort {
    init(_ port: EndpointPort) {
        if let name = port.name { self.name = name }
        `protocol` = port.protocol.kubernetesName
        if let number = port.port { self.port = Int32(number.rawValue) }
        if let name = port.appProtocol { appProtocol = name }
    }
}

extension DiscoveryEndpoint {
    init(_ endpoint: Endpoint) {
        addresses = endpoint.addresses.map(\.description)
        conditions = DiscoveryEndpointConditions()
        if let ready = endpoint.ready { conditions.ready = ready }
        if let serving = endpoint.serving { conditions.serving = serving }
        if let terminating = endpoint.terminating { conditions.terminating = terminating }
        hostname = endpoint.hostname ?? ""
        nodeName = endpoint.nodeName ?? ""
        zone = endpoint.zone ?? ""
        if let target = endpoint.targetRef { targetRef = CoreObjectReference(target) }
        if !endpoint.hintZones.isEmpty { hints.forZones = endpoint.hintZones.map { DiscoveryHint($0) } }
        if !endpoint.hintNodes.isEmpty { hints.forNodes = endpoint.hintNodes.map { DiscoveryHint($0) } }
    }
}

extension DiscoveryHint {
    init(_ name: String) { self.name = name }
}

extension CoreObjectReference {
    init(_ target: TargetRef) {
        kind = target.kind
        namespace = target.namespace
        name = target.name
        uid = target.uid
    }
}
