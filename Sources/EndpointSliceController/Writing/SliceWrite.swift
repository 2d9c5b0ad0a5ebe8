internal import FoundationEssentials
internal import KubernetesModel

/// One write that brings a slice of the API to what is wanted.
enum SliceWrite: Sendable, Hashable {
    case create(EndpointSlice)
    /// A JSON merge patch of this slice, at the version it carries.
    case patch(EndpointSlice, [UInt8])
    case delete(EndpointSlice)

    /// Nil when nothing has to be written.
    init?(from known: EndpointSlice?, to wanted: EndpointSlice?) throws {
        switch (known, wanted) {
        case (nil, nil): return nil
        case (nil, let wanted?): self = .create(wanted)
        case (let known?, nil): self = .delete(known)
        case (let known?, let wanted?):
            guard let patch = try SlicePatch(from: known, to: wanted)?.json() else { return nil }
            self = .patch(known, patch)
        }
    }

    /// What is added comes first: no endpoint is missing while it moves from slice to slice.
    var order: Int {
        switch self {
        case .create: 0
        case .patch: 1
        case .delete: 2
        }
    }
}

/// The fields of a slice that change, as RFC 7386 has it: null takes a key away, a list is replaced whole.
///
/// What Fairway does not know of a slice, such as annotations of others, stays as it is.
struct SlicePatch: Encodable {
    private let resourceVersion: String
    private let labels: [String: String?]
    private let annotations: [String: String?]
    private let endpoints: [Endpoint]?
    private let ports: [EndpointPort]?

    /// Nil when both say the same.
    init?(from known: EndpointSlice, to wanted: EndpointSlice) {
        labels = Self.changes(from: known.metadata.labels, to: wanted.metadata.labels)
        annotations = Self.changes(from: known.metadata.annotations, to: wanted.metadata.annotations)
        endpoints = known.endpoints == wanted.endpoints ? nil : wanted.endpoints
        ports = known.ports == wanted.ports ? nil : wanted.ports
        resourceVersion = known.metadata.resourceVersion
        if labels.isEmpty && annotations.isEmpty && endpoints == nil && ports == nil { return nil }
    }

    private static func changes(from known: [String: String], to wanted: [String: String]) -> [String: String?] {
        var changes: [String: String?] = [:]
        for (key, value) in wanted where known[key] != value { changes[key] = .some(value) }
        for key in known.keys where wanted[key] == nil { changes.updateValue(nil, forKey: key) }
        return changes
    }

    private enum Field: String, CodingKey { case metadata, endpoints, ports }
    private enum MetadataField: String, CodingKey { case resourceVersion, labels, annotations }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeIfPresent(endpoints, forKey: .endpoints)
        try container.encodeIfPresent(ports, forKey: .ports)
        var metadata = container.nestedContainer(keyedBy: MetadataField.self, forKey: .metadata)
        try metadata.encode(resourceVersion, forKey: .resourceVersion)
        if !labels.isEmpty { try metadata.encode(labels, forKey: .labels) }
        if !annotations.isEmpty { try metadata.encode(annotations, forKey: .annotations) }
    }

    func json() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) }
}
