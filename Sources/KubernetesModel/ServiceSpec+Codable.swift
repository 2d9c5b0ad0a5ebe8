internal import NetworkTypes

extension ServiceSpec: Codable {
    private enum Field: String, CodingKey {
        case type, clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy, ports, selector, sessionAffinity
        case sessionAffinityConfig, externalTrafficPolicy, internalTrafficPolicy, externalIPs
        case loadBalancerSourceRanges, loadBalancerClass, allocateLoadBalancerNodePorts, healthCheckNodePort
        case publishNotReadyAddresses, trafficDistribution, externalName
    }
    private enum AffinityField: String, CodingKey { case clientIP }
    private enum ClientIPField: String, CodingKey { case timeoutSeconds }

    /// The API's default of `sessionAffinityConfig.clientIP.timeoutSeconds`, in seconds.
    package static let defaultAffinityTimeoutSeconds: Int32 = 10800

    public init(from decoder: any Decoder) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: Field.self)
        let selector = try container.decodeIfPresent([String: String].self, forKey: .selector) ?? [:]
        let affinity = try container.choice(.sessionAffinity, default: SessionAffinity.none)
        self.init(
            type: try container.choice(.type, default: ServiceType.clusterIP),
            clusterIPs: try Self.clusterIPs(container),
            ipFamilies: try Self.ipFamilies(container),
            ipFamilyPolicy: try container.choice(.ipFamilyPolicy),
            ports: try container.list(.ports),
            selector: interner?.intern(keysOf: selector) ?? selector,
            sessionAffinity: affinity,
            // Without affinity the API server drops the configuration.
            sessionAffinityTimeoutSeconds: affinity == .none
                ? Self.defaultAffinityTimeoutSeconds : try Self.affinityTimeout(container),
            externalTrafficPolicy: try container.choice(.externalTrafficPolicy, default: .cluster),
            internalTrafficPolicy: try container.choice(.internalTrafficPolicy, default: .cluster),
            externalIPs: try container.addresses(.externalIPs),
            loadBalancerSourceRanges: try container.prefixes(.loadBalancerSourceRanges),
            loadBalancerClass: interner.intern(try container.decodeIfPresent(String.self, forKey: .loadBalancerClass)),
            allocateLoadBalancerNodePorts: try container.bool(.allocateLoadBalancerNodePorts, default: true),
            healthCheckNodePort: try container.portOrZero(.healthCheckNodePort)?.rawValue ?? 0,
            publishNotReadyAddresses: try container.bool(.publishNotReadyAddresses),
            trafficDistribution: interner.intern(try container.nonEmptyString(.trafficDistribution)),
            externalName: try container.string(.externalName))
    }

    /// `clusterIPs`, or `clusterIP` alone. Given both, the first of the list must be the single one.
    private static func clusterIPs(_ container: KeyedDecodingContainer<Field>) throws -> [ClusterIP] {
        let list = try container.parsedList(.clusterIPs, Phrase.address, clusterIP)
        guard let text = try container.nonEmptyString(.clusterIP) else { return list }
        guard let single = clusterIP(text) else { throw container.fault(.clusterIP, Phrase.invalid(text, Phrase.address)) }
        guard let first = list.first else { return [single] }
        guard first == single else {
            throw container.fault(.clusterIPs, index: 0, Phrase.invalid(first.text, "first value must match `clusterIP`"))
        }
        return list
    }

    private static func clusterIP(_ text: String) -> ClusterIP? {
        text == "None" ? ClusterIP.none : IPAddress(text).map(ClusterIP.address)
    }

    private static func ipFamilies(_ container: KeyedDecodingContainer<Field>) throws -> [IPFamily] {
        let texts = try container.decodeIfPresent([String].self, forKey: .ipFamilies) ?? []
        return try texts.enumerated().map { index, text in
            switch text {
            case "IPv4": return .ipv4
            case "IPv6": return .ipv6
            default:
                throw container.fault(.ipFamilies, index: index, Phrase.unsupported(text, of: ["IPv4", "IPv6"]))
            }
        }
    }

    private static func affinityTimeout(_ container: KeyedDecodingContainer<Field>) throws -> Int32 {
        guard let config = try container.nested(.sessionAffinityConfig, keyedBy: AffinityField.self),
            let clientIP = try config.nested(.clientIP, keyedBy: ClientIPField.self),
            let seconds = try clientIP.decodeIfPresent(Int.self, forKey: .timeoutSeconds)
        else { return defaultAffinityTimeoutSeconds }
        guard let small = Int32(exactly: seconds) else {
            throw clientIP.fault(.timeoutSeconds, Phrase.invalid(seconds, Self.affinityTimeoutRule))
        }
        return small
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(type.rawValue, forKey: .type)
        try container.encodeIfPresent(clusterIPs.first?.text, forKey: .clusterIP)
        try container.encodeUnlessEmpty(clusterIPs.map(\.text), .clusterIPs)
        try container.encodeTexts(ipFamilies, .ipFamilies)
        try container.encodeIfPresent(ipFamilyPolicy?.rawValue, forKey: .ipFamilyPolicy)
        try container.encodeUnlessEmpty(ports, .ports)
        try container.encodeUnlessEmpty(selector, .selector)
        try container.encode(sessionAffinity.rawValue, forKey: .sessionAffinity)
        if sessionAffinity == .clientIP {
            var config = container.nestedContainer(keyedBy: AffinityField.self, forKey: .sessionAffinityConfig)
            var clientIP = config.nestedContainer(keyedBy: ClientIPField.self, forKey: .clientIP)
            try clientIP.encode(sessionAffinityTimeoutSeconds, forKey: .timeoutSeconds)
        }
        // The API server refuses these fields where they mean nothing, so they are written where they do.
        if isExternallyAccessible || externalTrafficPolicy != .cluster {
            try container.encode(externalTrafficPolicy.rawValue, forKey: .externalTrafficPolicy)
        }
        if type != .externalName || internalTrafficPolicy != .cluster {
            try container.encode(internalTrafficPolicy.rawValue, forKey: .internalTrafficPolicy)
        }
        if type == .loadBalancer || !allocateLoadBalancerNodePorts {
            try container.encode(allocateLoadBalancerNodePorts, forKey: .allocateLoadBalancerNodePorts)
        }
        try container.encodeTexts(externalIPs, .externalIPs)
        try container.encodeTexts(loadBalancerSourceRanges, .loadBalancerSourceRanges)
        try container.encodeIfPresent(loadBalancerClass, forKey: .loadBalancerClass)
        try container.encodeUnlessZero(healthCheckNodePort, .healthCheckNodePort)
        try container.encodeIfTrue(publishNotReadyAddresses, .publishNotReadyAddresses)
        try container.encodeIfPresent(trafficDistribution, forKey: .trafficDistribution)
        try container.encodeUnlessEmpty(externalName, .externalName)
    }

    /// The fields can put this Service in reach of clients outside the cluster.
    package var isExternallyAccessible: Bool {
        type == .nodePort || type == .loadBalancer || !externalIPs.isEmpty
    }
}

extension ClusterIP {
    /// As the API writes it: `None` or the address.
    package var text: String {
        switch self {
        case .none: "None"
        case .address(let address): address.description
        }
    }
}
