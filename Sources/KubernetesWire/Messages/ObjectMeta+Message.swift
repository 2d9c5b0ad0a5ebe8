internal import KubernetesModel

extension MessageReader {
    /// With the namespace `default` where an object of a namespaced kind names none.
    func metadata(_ message: MetaObjectMeta, of kind: ObjectKind?) throws(FieldError) -> ObjectMeta {
        let owners = message.ownerReferences.map(ownerReference)
        let namespace = message.namespace.isEmpty && kind?.isNamespaced == true ? "default" : message.namespace
        var metadata = ObjectMeta(
            name: message.name, namespace: strings.intern(namespace), uid: message.uid,
            resourceVersion: message.resourceVersion, generation: message.generation,
            generateName: message.generateName,
            labels: message.labels.isEmpty ? [:] : strings.intern(keysOf: message.labels),
            creationTimestamp: message.hasCreationTimestamp ? Timestamp(message.creationTimestamp) : nil,
            deletionTimestamp: message.hasDeletionTimestamp ? Timestamp(message.deletionTimestamp) : nil,
            ownerReferences: owners)
        let annotations = message.annotations
        guard !annotations.isEmpty else { return metadata }
        try inside("metadata") { () throws(FieldError) in try check(annotations.keys) }
        metadata.annotations = annotations.filter { AnnotationKey.isKept($0.key) }
        if let kind, metadata.takesPartInMirroring(as: kind) {
            metadata.annotations = annotations.filter { metadata.keepsAnnotation($0.key, as: kind) }
        }
        return metadata
    }

    /// Every key is checked, as decoding from JSON does.
    private func check(_ annotations: some Sequence<String>) throws(FieldError) {
        for key in annotations {
            guard let why = NameSyntax.annotationKey(key) else { continue }
            throw FieldError(key, Phrase.invalid(key, why)).under("annotations")
        }
    }

    private func ownerReference(_ message: MetaOwnerReference) -> OwnerReference {
        OwnerReference(
            apiVersion: strings.intern(message.apiVersion), kind: strings.intern(message.kind), name: message.name,
            uid: message.uid, controller: message.controller, blockOwnerDeletion: message.blockOwnerDeletion)
    }
}

extension MetaObjectMeta {
    init(_ metadata: ObjectMeta) {
        name = metadata.name
        generateName = metadata.generateName
        namespace = metadata.namespace
        uid = metadata.uid
        resourceVersion = metadata.resourceVersion
        generation = metadata.generation
        if let time = metadata.creationTimestamp { creationTimestamp = MetaTime(time) }
        if let time = metadata.deletionTimestamp { deletionTimestamp = MetaTime(time) }
        labels = metadata.labels
        annotations = metadata.annotations
        ownerReferences = metadata.ownerReferences.map { MetaOwnerReference($0) }
    }
}

extension MetaOwnerReference {
    init(_ owner: OwnerReference) {
        apiVersion = owner.apiVersion
        kind = owner.kind
        name = owner.name
        uid = owner.uid
        controller = owner.controller
        blockOwnerDeletion = owner.blockOwnerDeletion
    }
}

extension Timestamp {
    /// Nil for the zero time, which the API writes as an empty message.
    init?(_ message: MetaTime) {
        guard message.seconds != 0 || message.nanos != 0 else { return nil }
        let nanoseconds = (0..<1_000_000_000).contains(message.nanos) ? message.nanos : 0
        self.init(seconds: message.seconds, nanoseconds: nanoseconds)
    }
}

extension MetaTime {
    init(_ time: Timestamp) {
        seconds = time.seconds
        nanos = time.nanoseconds
    }
}
