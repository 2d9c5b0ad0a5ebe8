internal import KubernetesModel
internal import NetworkTypes

extension MessageReader {
    func endpoints(_ message: CoreEndpoints) throws(FieldError) -> Endpoints {
        Endpoints(
            metadata: try metadata(message.metadata, of: .endpoints),
            subsets: try items(message.subsets, "subsets", subset))
    }

    private func subset(_ message: CoreEndpointSubset) throws(FieldError) -> Endpoints.Subset {
        Endpoints.Subset(
            addresses: try items(message.addresses, "addresses", endpointAddress),
            notReadyAddresses: try items(message.notReadyAddresses, "notReadyAddresses", endpointAddress),
            ports: try items(message.ports, "ports", endpointsPort))
    }

    private func endpointAddress(_ message: CoreEndpointAddress) throws(FieldError) -> Endpoints.Address {
        guard let ip = try address(message.ip, "ip") else { throw FieldError("ip", Phrase.required) }
        return Endpoints.Address(
            ip: ip, hostname: message.hostname.isEmpty ? nil : message.hostname, nodeName: optional(message.nodeName),
            targetRef: message.hasTargetRef ? targetRef(message.targetRef) : nil)
    }

    private func endpointsPort(_ message: CoreEndpointPort) throws(FieldError) -> Endpoints.Port {
        Endpoints.Port(
            name: strings.intern(message.name), protocol: try transportProtocol(message.protocol),
            port: try requiredPort(message.port, "port"),
            appProtocol: message.hasAppProtocol ? strings.intern(message.appProtocol) : nil)
    }
}

extension CoreEndpoints {
    init(_ endpoints: Endpoints) {
        metadata = MetaObjectMeta(endpoints.metadata)
        subsets = endpoints.subsets.map { subset in
            var message = CoreEndpointSubset()
            message.addresses = subset.addresses.map { CoreEndpointAddress($0) }
            message.notReadyAddresses = subset.notReadyAddresses.map { CoreEndpointAddress($0) }
            message.ports = subset.ports.map { CoreEndpointPort($0) }
            return message
        }
    }
}

extension CoreEndpointAddress {
    init(_ address: Endpoints.Address) {
        ip = address.ip.description
        hostname = address.hostname ?? ""
        nodeName = address.nodeName ?? ""
        if let target = address.targetRef { targetRef = CoreObjectReference(target) }
    }
}

extension CoreEndpointPort {
    init(_ port: Endpoints.Port) {
        name = port.name
        self.port = Int32(port.port.rawValue)
        `protocol` = port.protocol.kubernetesName
        if let name = port.appProtocol { appProtocol = name }
    }
}
