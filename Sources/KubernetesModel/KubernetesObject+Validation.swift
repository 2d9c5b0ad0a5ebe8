extension KubernetesObject {
    /// What the API server would refuse of this object, in the order of its fields; empty when nothing.
    ///
    /// NodePort ranges and clashes between objects are for whoever allocates; a bad value of one typed
    /// field has made decoding fail before.
    package func validate() -> [ValidationFault] {
        switch self {
        case .service(let object): object.validate()
        case .pod(let object): object.validate()
        case .endpoints(let object): object.validate()
        case .endpointSlice(let object): object.validate()
        case .node(let object): object.validate()
        case .namespace(let object): object.validate()
        case .serviceCIDR(let object): object.validate()
        }
    }
}

extension ObjectMeta {
    /// Adds what is wrong with the metadata of an object of a kind.
    func validate(as kind: ObjectKind, _ faults: inout FaultList) {
        let path = FieldPath("metadata")
        if name.isEmpty {
            faults.add(path.appending("name"), Phrase.required)
        } else {
            faults.check(name, NameSyntax.objectName(kind), path.appending("name"))
        }
        if !kind.isNamespaced {
            if !namespace.isEmpty {
                faults.add(path.appending("namespace"), Phrase.forbidden("not allowed on this type"))
            }
        } else if namespace.isEmpty {
            faults.add(path.appending("namespace"), Phrase.required)
        } else {
            faults.check(namespace, NameSyntax.dnsLabel, path.appending("namespace"))
        }
        faults.checkLabels(labels, path.appending("labels"))
        for key in annotations.keys {
            faults.check(key, NameSyntax.annotationKey, path.appending("annotations").appending(key))
        }
    }
}
