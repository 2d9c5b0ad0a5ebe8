internal import NetworkTypes

extension Pod {
    /// What the API server would refuse; see ``KubernetesObject/validate()``.
    package func validate() -> [ValidationFault] {
        var faults = FaultList()
        metadata.validate(as: .pod, &faults)
        if let text = metadata.annotations[AnnotationKey.weight], EndpointWeights.weight(text) == nil {
            faults.add(
                FieldPath("metadata", "annotations").appending(AnnotationKey.weight),
                Phrase.invalid(text, "must be between 0 and 65535, inclusive"))
        }
        if !nodeName.isEmpty { faults.check(nodeName, NameSyntax.dnsSubdomain, FieldPath("spec", "nodeName")) }
        if !hostname.isEmpty { faults.check(hostname, NameSyntax.dnsLabel, FieldPath("spec", "hostname")) }
        if !subdomain.isEmpty { faults.check(subdomain, NameSyntax.dnsLabel, FieldPath("spec", "subdomain")) }
        for port in containerPorts where !port.name.isEmpty {
            // Which container a port is of was not kept: the fault names them all.
            faults.check(port.name, NameSyntax.portName, FieldPath("spec", "containers"))
        }
        AddressRule.onePerFamily(podIPs.map(\.family), &faults, FieldPath("status", "podIPs")) {
            podIPs[$0].description
        }
        return faults.faults
    }
}
