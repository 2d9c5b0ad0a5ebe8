internal import NetworkTypes

extension Node: Codable {
    private enum SpecField: String, CodingKey { case podCIDR, podCIDRs, taints }
    private enum StatusField: String, CodingKey { case addresses, conditions, allocatable }
    private enum ResourceField: String, CodingKey { case cpu }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: ObjectField.self)
        self.init(metadata: try container.metadata(of: .node))
        if let spec = try container.nested(.spec, keyedBy: SpecField.self) {
            podCIDRs = try spec.prefixes(.podCIDRs)
            if podCIDRs.isEmpty, let text = try spec.nonEmptyString(.podCIDR) {
                guard let prefix = IPPrefix(text) else {
                    throw spec.fault(.podCIDR, Phrase.invalid(text, Phrase.prefix))
                }
                podCIDRs = [prefix]
            }
            taintKeys = try spec.list(.taints, of: Taint.self).map(\.key)
        }
        if let status = try container.nested(.status, keyedBy: StatusField.self) {
            addresses = try status.list(.addresses)
            let conditions = try status.list(.conditions, of: StatusCondition.self)
            isReady = conditions.first { $0.type == "Ready" }?.status == "True"
            if let allocatable = try status.nested(.allocatable, keyedBy: ResourceField.self) {
                allocatableMilliCPU = try Self.milliCPU(allocatable)
            }
        }
    }

    private static func milliCPU(_ container: KeyedDecodingContainer<ResourceField>) throws -> Int64 {
        guard container.contains(.cpu), try !container.decodeNil(forKey: .cpu) else { return 0 }
        // The API takes a quantity as a number or as text.
        let text =
            if let number = try? container.decode(Int.self, forKey: .cpu) { String(number) } else {
                try container.decode(String.self, forKey: .cpu)
            }
        guard let value = CPUQuantity.milliCPU(text) else {
            throw container.fault(.cpu, Phrase.invalid(text, Phrase.cpuQuantity))
        }
        return value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: ObjectField.self)
        try container.encodeHead(.node, metadata)
        var spec = container.nestedContainer(keyedBy: SpecField.self, forKey: .spec)
        try spec.encodeIfPresent(podCIDRs.first?.description, forKey: .podCIDR)
        try spec.encodeTexts(podCIDRs, .podCIDRs)
        try spec.encodeUnlessEmpty(taintKeys.map { Taint(key: $0) }, .taints)
        var status = container.nestedContainer(keyedBy: StatusField.self, forKey: .status)
        try status.encodeUnlessEmpty(addresses, .addresses)
        try status.encode([StatusCondition(isTrue: isReady, type: "Ready")], forKey: .conditions)
        if allocatableMilliCPU != 0 {
            var allocatable = status.nestedContainer(keyedBy: ResourceField.self, forKey: .allocatable)
            try allocatable.encode(CPUQuantity.text(milliCPU: allocatableMilliCPU), forKey: .cpu)
        }
    }
}

extension Node.Address: Codable {
    private enum Field: String, CodingKey { case type, address }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        self.init(type: try container.string(.type), address: try container.string(.address))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(type, forKey: .type)
        try container.encode(address, forKey: .address)
    }
}

/// An item of `spec.taints`, of which only the key counts.
private struct Taint: Codable {
    var key: String
}

extension Namespace: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: ObjectField.self)
        self.init(metadata: try container.metadata(of: .namespace))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: ObjectField.self)
        try container.encodeHead(.namespace, metadata)
    }
}

extension ServiceCIDR: Codable {
    private enum SpecField: String, CodingKey { case cidrs }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: ObjectField.self)
        self.init(metadata: try container.metadata(of: .serviceCIDR), cidrs: [])
        guard let spec = try container.nested(.spec, keyedBy: SpecField.self) else { return }
        for (index, text) in try spec.list(.cidrs, of: String.self).enumerated() {
            guard let slash = text.firstIndex(of: "/"), let prefix = IPPrefix(text) else {
                throw spec.fault(.cidrs, index: index, Phrase.invalid(text, Phrase.prefix))
            }
            // Addresses are allocated out of these: the text must say which block it means.
            guard IPAddress(text[..<slash]) == prefix.address else {
                throw spec.fault(.cidrs, index: index, Phrase.invalid(text, Phrase.maskedPrefix))
            }
            cidrs.append(prefix)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: ObjectField.self)
        try container.encodeHead(.serviceCIDR, metadata)
        var spec = container.nestedContainer(keyedBy: SpecField.self, forKey: .spec)
        try spec.encodeTexts(cidrs, .cidrs)
    }
}
