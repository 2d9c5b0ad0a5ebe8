extension ObjectMeta: Codable {
    enum Field: String, CodingKey {
        case name, namespace, uid, resourceVersion, generation, generateName, labels, annotations
        case creationTimestamp, deletionTimestamp, ownerReferences
    }

    public init(from decoder: any Decoder) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: Field.self)
        let labels = try container.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        self.init(
            name: try container.string(.name),
            namespace: interner.intern(try container.string(.namespace)) ?? "",
            uid: try container.string(.uid),
            resourceVersion: try container.string(.resourceVersion),
            generation: try container.decodeIfPresent(Int64.self, forKey: .generation) ?? 0,
            generateName: try container.string(.generateName),
            labels: interner?.intern(keysOf: labels) ?? labels,
            annotations: try Self.annotations(container) { AnnotationKey.isKept($0) },
            creationTimestamp: try container.decodeIfPresent(Timestamp.self, forKey: .creationTimestamp),
            deletionTimestamp: try container.decodeIfPresent(Timestamp.self, forKey: .deletionTimestamp),
            ownerReferences: try container.list(.ownerReferences))
    }

    /// Every key is checked, for those not kept are unknown to ``validate()``.
    static func annotations(
        _ container: KeyedDecodingContainer<Field>, where isKept: (String) -> Bool
    ) throws -> [String: String] {
        guard let annotations = try container.nested(.annotations, keyedBy: AnyCodingKey.self) else { return [:] }
        var kept: [String: String] = [:]
        for key in annotations.allKeys {
            let name = key.stringValue
            if let why = NameSyntax.annotationKey(name) {
                throw annotations.fault(key, Phrase.invalid(name, why))
            }
            guard isKept(name) else { continue }
            kept[name] = try annotations.decode(String.self, forKey: key)
        }
        return kept
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encodeUnlessEmpty(name, .name)
        try container.encodeUnlessEmpty(generateName, .generateName)
        try container.encodeUnlessEmpty(namespace, .namespace)
        try container.encodeUnlessEmpty(uid, .uid)
        try container.encodeUnlessEmpty(resourceVersion, .resourceVersion)
        try container.encodeUnlessZero(generation, .generation)
        try container.encodeUnlessEmpty(labels, .labels)
        try container.encodeUnlessEmpty(annotations, .annotations)
        try container.encodeIfPresent(creationTimestamp, forKey: .creationTimestamp)
        try container.encodeIfPresent(deletionTimestamp, forKey: .deletionTimestamp)
        try container.encodeUnlessEmpty(ownerReferences, .ownerReferences)
    }
}

extension OwnerReference: Codable {
    private enum Field: String, CodingKey {
        case apiVersion, kind, name, uid, controller, blockOwnerDeletion
    }

    public init(from decoder: any Decoder) throws {
        let interner = decoder.interner
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            apiVersion: interner.intern(try container.string(.apiVersion)) ?? "",
            kind: interner.intern(try container.string(.kind)) ?? "",
            name: try container.string(.name),
            uid: try container.string(.uid),
            controller: try container.bool(.controller),
            blockOwnerDeletion: try container.bool(.blockOwnerDeletion))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(apiVersion, forKey: .apiVersion)
        try container.encode(kind, forKey: .kind)
        try container.encode(name, forKey: .name)
        try container.encode(uid, forKey: .uid)
        try container.encodeIfTrue(controller, .controller)
        try container.encodeIfTrue(blockOwnerDeletion, .blockOwnerDeletion)
    }
}
