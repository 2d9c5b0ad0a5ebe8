internal import NetworkTypes

extension Node {
    /// What the API server would refuse; see ``KubernetesObject/validate()``.
    package func validate() -> [ValidationFault] {
        var faults = FaultList()
        metadata.validate(as: .node, &faults)
        AddressRule.onePerFamily(podCIDRs.map(\.family), &faults, FieldPath("spec", "podCIDRs")) {
            podCIDRs[$0].description
        }
        return faults.faults
    }
}

extension Namespace {
    /// What the API server would refuse; see ``KubernetesObject/validate()``.
    package func validate() -> [ValidationFault] {
        var faults = FaultList()
        metadata.validate(as: .namespace, &faults)
        return faults.faults
    }
}

extension ServiceCIDR {
    /// What the API server would refuse; see ``KubernetesObject/validate()``.
    package func validate() -> [ValidationFault] {
        var faults = FaultList()
        metadata.validate(as: .serviceCIDR, &faults)
        let path = FieldPath("spec", "cidrs")
        if cidrs.isEmpty { faults.add(path, Phrase.required("at least one CIDR required")) }
        AddressRule.onePerFamily(cidrs.map(\.family), &faults, path) { cidrs[$0].description }
        return faults.faults
    }
}
