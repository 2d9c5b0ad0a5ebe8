internal import NetworkTypes

extension Endpoints {
    /// What the API server would refuse; see ``KubernetesObject/validate()``.
    package func validate() -> [ValidationFault] {
        var faults = FaultList()
        metadata.validate(as: .endpoints, &faults)
        for (index, subset) in subsets.enumerated() {
            let path = FieldPath("subsets").appending(index)
            if subset.addresses.isEmpty && subset.notReadyAddresses.isEmpty {
                faults.add(path, Phrase.required("must specify `addresses` or `notReadyAddresses`"))
            }
            for (position, address) in subset.addresses.enumerated() {
                address.validate(&faults, path.appending("addresses").appending(position))
            }
            for (position, address) in subset.notReadyAddresses.enumerated() {
                address.validate(&faults, path.appending("notReadyAddresses").appending(position))
            }
            for (position, port) in subset.ports.enumerated() {
                let path = path.appending("ports").appending(position)
                if !port.name.isEmpty {
                    faults.check(port.name, NameSyntax.dnsLabel, path.appending("name"))
                } else if subset.ports.count > 1 {
                    faults.add(path.appending("name"), Phrase.required)
                }
                if let name = port.appProtocol {
                    faults.check(name, NameSyntax.qualifiedName, path.appending("appProtocol"))
                }
            }
        }
        return faults.faults
    }
}

extension Endpoints.Address {
    fileprivate func validate(_ faults: inout FaultList, _ path: @autoclosure () -> FieldPath) {
        if let why = AddressRule.routable(ip) {
            faults.add(path().appending("ip"), Phrase.invalid(ip.description, why))
        }
        if let hostname { faults.check(hostname, NameSyntax.dnsLabel, path().appending("hostname")) }
        if let nodeName { faults.check(nodeName, NameSyntax.dnsSubdomain, path().appending("nodeName")) }
    }
}
