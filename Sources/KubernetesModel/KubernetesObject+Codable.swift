extension ObjectKind {
    /// The group and version Fairway reads and writes: `v1`, `discovery.k8s.io/v1`, `networking.k8s.io/v1`.
    package var apiVersion: String {
        switch self {
        case .service, .pod, .endpoints, .node, .namespace: "v1"
        case .endpointSlice: "discovery.k8s.io/v1"
        case .serviceCIDR: "networking.k8s.io/v1"
        }
    }
}

extension KubernetesObject {
    /// The kind these two fields of an object name, nil for a kind or version Fairway does not use.
    package static func kind(apiVersion: String, kind: String) -> ObjectKind? {
        guard let kind = ObjectKind(rawValue: kind), kind.apiVersion == apiVersion else { return nil }
        return kind
    }

    /// Decodes an object whose kind is known already.
    ///
    /// - Throws: `DecodingError` with the path of the very field, and in its description what the API
    ///   server would say; ``ValidationFault/init(_:)`` takes both out.
    package init(kind: ObjectKind, from decoder: any Decoder) throws {
        self =
            switch kind {
            case .service: .service(try Service(from: decoder))
            case .pod: .pod(try Pod(from: decoder))
            case .endpoints: .endpoints(try Endpoints(from: decoder))
            case .endpointSlice: .endpointSlice(try EndpointSlice(from: decoder))
            case .node: .node(try Node(from: decoder))
            case .namespace: .namespace(try Namespace(from: decoder))
            case .serviceCIDR: .serviceCIDR(try ServiceCIDR(from: decoder))
            }
    }
}

extension KubernetesObject: Codable {
    /// Decodes by the `apiVersion` and `kind` fields.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: ObjectField.self)
        let apiVersion = try container.string(.apiVersion)
        let name = try container.string(.kind)
        guard let kind = KubernetesObject.kind(apiVersion: apiVersion, kind: name) else {
            throw container.fault(.kind, Phrase.invalid("\(apiVersion) \(name)", "not a kind that Fairway uses"))
        }
        try self.init(kind: kind, from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .service(let object): try object.encode(to: encoder)
        case .pod(let object): try object.encode(to: encoder)
        case .endpoints(let object): try object.encode(to: encoder)
        case .endpointSlice(let object): try object.encode(to: encoder)
        case .node(let object): try object.encode(to: encoder)
        case .namespace(let object): try object.encode(to: encoder)
        case .serviceCIDR(let object): try object.encode(to: encoder)
        }
    }
}
