internal import KubernetesModel
internal import NetworkTypes

extension MessageReader {
    func node(_ message: CoreNode) throws(FieldError) -> Node {
        Node(
            metadata: try metadata(message.metadata, of: .node),
            podCIDRs: try inside("spec") { () throws(FieldError) in try podCIDRs(message.spec) },
            addresses: message.status.addresses.map { Node.Address(type: strings.intern($0.type), address: $0.address) },
            taintKeys: message.spec.taints.map { strings.intern($0.key) },
            isReady: message.status.conditions.first { $0.type == "Ready" }?.status == "True",
            allocatableMilliCPU: try inside("status") { () throws(FieldError) in try milliCPU(message.status) })
    }

    private func podCIDRs(_ message: CoreNodeSpec) throws(FieldError) -> [IPPrefix] {
        let list = try prefixes(message.podCidrs, "podCIDRs")
        guard list.isEmpty, !message.podCidr.isEmpty else { return list }
        guard let prefix = IPPrefix(message.podCidr) else {
            throw FieldError("podCIDR", Phrase.invalid(message.podCidr, Phrase.prefix))
        }
        return [prefix]
    }

    private func milliCPU(_ message: CoreNodeStatus) throws(FieldError) -> Int64 {
        guard let text = message.allocatable["cpu"]?.string else { return 0 }
        guard let value = CPUQuantity.milliCPU(text) else {
            throw FieldError("cpu", Phrase.invalid(text, Phrase.cpuQuantity)).under("allocatable")
        }
        return value
    }

    func namespace(_ message: CoreNamespace) throws(FieldError) -> Namespace {
        Namespace(metadata: try metadata(message.metadata, of: .namespace))
    }

    func serviceCIDR(_ message: NetworkingServiceCIDR) throws(FieldError) -> ServiceCIDR {
        let metadata = try metadata(message.metadata, of: .serviceCIDR)
        var cidrs: [IPPrefix] = []
        for (index, text) in message.spec.cidrs.enumerated() {
            guard let slash = text.firstIndex(of: "/"), let prefix = IPPrefix(text) else {
                throw FieldError("cidrs", index: index, Phrase.invalid(text, Phrase.prefix)).under("spec")
            }
            // Addresses are allocated out of these: the text must say which block it means.
            guard IPAddress(text[..<slash]) == prefix.address else {
                throw FieldError("cidrs", index: index, Phrase.invalid(text, Phrase.maskedPrefix)).under("spec")
            }
            cidrs.append(prefix)
        }
        return ServiceCIDR(metadata: metadata, cidrs: cidrs)
    }
}

extension CoreNode {
    init(_ node: Node) {
        metadata = MetaObjectMeta(node.metadata)
        spec.podCidr = node.podCIDRs.first?.description ?? ""
        spec.podCidrs = node.podCIDRs.map(\.description)
        spec.taints = node.taintKeys.map { key in
            var message = CoreTaint()
            message.key = key
            return message
        }
        status.addresses = node.addresses.map { address in
            var message = CoreNodeAddress()
            message.type = address.type
            message.address = address.address
            return message
        }
        status.conditions = [CoreCondition(isReady: node.isReady)]
        if node.allocatableMilliCPU != 0 {
            status.allocatable["cpu", default: CoreQuantity()].string = CPUQuantity.text(milliCPU: node.allocatableMilliCPU)
        }
    }
}

extension CoreNamespace {
    init(_ namespace: Namespace) { metadata = MetaObjectMeta(namespace.metadata) }
}

extension NetworkingServiceCIDR {
    init(_ range: ServiceCIDR) {
        metadata = MetaObjectMeta(range.metadata)
        spec.cidrs = range.cidrs.map(\.description)
    }
}
