internal import NetworkTypes

/// The API's limits on one EndpointSlice, in items.
package enum EndpointSliceLimit {
    /// Endpoints of one slice.
    package static let endpoints = 1000
    /// Ports of one slice.
    package static let ports = 20_000
    /// Addresses of one endpoint, of which consumers use the first.
    package static let addressesPerEndpoint = 100
    /// Zone hints, and again node hints, of one endpoint.
    package static let hintsPerEndpoint = 8
}

extension EndpointSlice {
    /// What the API server would refuse; see ``KubernetesObject/validate()``.
    package func validate() -> [ValidationFault] {
        var faults = FaultList()
        metadata.validate(as: .endpointSlice, &faults)
        if endpoints.count > EndpointSliceLimit.endpoints {
            faults.add(
                FieldPath("endpoints"), Phrase.tooMany(endpoints.count, limit: EndpointSliceLimit.endpoints))
        } else {
            for (index, endpoint) in endpoints.enumerated() { validate(endpoint, index, &faults) }
        }
        if ports.count > EndpointSliceLimit.ports {
            faults.add(FieldPath("ports"), Phrase.tooMany(ports.count, limit: EndpointSliceLimit.ports))
        } else {
            validatePorts(&faults)
        }
        return faults.faults
    }

    private func validate(_ endpoint: Endpoint, _ index: Int, _ faults: inout FaultList) {
        var path: FieldPath { FieldPath("endpoints").appending(index) }
        if let family = addressType.family {
            if endpoint.addresses.isEmpty {
                faults.add(path.appending("addresses"), Phrase.required("must contain at least 1 address"))
            } else if endpoint.addresses.count > EndpointSliceLimit.addressesPerEndpoint {
                faults.add(
                    path.appending("addresses"),
                    Phrase.tooMany(endpoint.addresses.count, limit: EndpointSliceLimit.addressesPerEndpoint))
            }
            for (position, address) in endpoint.addresses.enumerated() {
                let why = address.family == family ? AddressRule.routable(address) : "must be an \(family) address"
                guard let why else { continue }
                faults.add(
                    path.appending("addresses").appending(position), Phrase.invalid(address.description, why))
            }
        }
        if let name = endpoint.hostname { faults.check(name, NameSyntax.dnsLabel, path.appending("hostname")) }
        if let name = endpoint.nodeName { faults.check(name, NameSyntax.dnsSubdomain, path.appending("nodeName")) }
        Self.validateHints(endpoint.hintZones, &faults, path.appending("hints").appending("forZones"))
        Self.validateHints(endpoint.hintNodes, &faults, path.appending("hints").appending("forNodes"))
    }

    private static func validateHints(
        _ names: [String], _ faults: inout FaultList, _ path: @autoclosure () -> FieldPath
    ) {
        if names.count > EndpointSliceLimit.hintsPerEndpoint {
            faults.add(path(), Phrase.tooMany(names.count, limit: EndpointSliceLimit.hintsPerEndpoint))
        }
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            faults.add(path().appending(index).appending("name"), Phrase.duplicate(name))
        }
    }

    private func validatePorts(_ faults: inout FaultList) {
        var names = Set<String>()
        for (index, port) in ports.enumerated() {
            var path: FieldPath { FieldPath("ports").appending(index) }
            let name = port.name ?? ""
            if !name.isEmpty { faults.check(name, NameSyntax.dnsLabel, path.appending("name")) }
            if !names.insert(name).inserted { faults.add(path.appending("name"), Phrase.duplicate(name)) }
            if let name = port.appProtocol {
                faults.check(name, NameSyntax.qualifiedName, path.appending("appProtocol"))
            }
        }
    }
}
