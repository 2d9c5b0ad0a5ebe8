internal import NetworkTypes

extension Service {
    /// What the API server would refuse; see ``KubernetesObject/validate()``.
    package func validate() -> [ValidationFault] {
        var faults = FaultList()
        metadata.validate(as: .service, &faults)
        validateAnnotations(&faults)
        spec.validate(&faults)
        return faults.faults
    }
}

extension ServiceSpec {
    /// Two: one address of each family.
    private static let clusterIPLimit = 2
    /// Seconds of a day, the API's greatest timeout.
    private static let affinityTimeoutLimit: Int32 = 86400
    static let affinityTimeoutRule = "must be between 1 and 86400, inclusive"
    /// The kubelet's own port, which a load balancer would expose on every node.
    private static let kubeletPort: PortNumber = 10250
    private static let distributions = ["PreferClose", "PreferSameNode", "PreferSameZone"]

    func validate(_ faults: inout FaultList) {
        let path = FieldPath("spec")
        validateAddressing(&faults, path)
        validatePorts(&faults, path)
        faults.checkLabels(selector, path.appending("selector"))
        if sessionAffinity == .clientIP, !(1...Self.affinityTimeoutLimit).contains(sessionAffinityTimeoutSeconds) {
            faults.add(
                FieldPath("spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"),
                Phrase.invalid(Int(sessionAffinityTimeoutSeconds), Self.affinityTimeoutRule))
        }
        if type == .externalName {
            // A trailing dot marks a rooted name and is allowed.
            let name = externalName.hasSuffix(".") ? String(externalName.dropLast()) : externalName
            if externalName.isEmpty {
                faults.add(path.appending("externalName"), Phrase.required)
            } else {
                faults.check(name, NameSyntax.dnsSubdomain, path.appending("externalName"))
            }
        }
        validateExternalAccess(&faults, path)
        if let trafficDistribution, !Self.distributions.contains(trafficDistribution) {
            faults.add(
                path.appending("trafficDistribution"),
                Phrase.unsupported(trafficDistribution, of: Self.distributions))
        }
    }

    private func validateAddressing(_ faults: inout FaultList, _ path: FieldPath) {
        if type == .externalName {
            let why = Phrase.forbidden("may not be set when `type` is 'ExternalName'")
            if !clusterIPs.isEmpty { faults.add(path.appending("clusterIPs"), why) }
            if !ipFamilies.isEmpty { faults.add(path.appending("ipFamilies"), why) }
            if ipFamilyPolicy != nil { faults.add(path.appending("ipFamilyPolicy"), why) }
            return
        }
        if isHeadless && (type == .nodePort || type == .loadBalancer) {
            faults.add(
                path.appending("clusterIPs").appending(0),
                Phrase.invalid("None", "may not be set to 'None' for \(type.rawValue) services"))
        }
        for (index, family) in ipFamilies.enumerated() where ipFamilies[..<index].contains(family) {
            faults.add(path.appending("ipFamilies").appending(index), Phrase.duplicate(family.description))
        }
        validateClusterIPs(&faults, path.appending("clusterIPs"))
        if ipFamilyPolicy == .singleStack && max(ipFamilies.count, clusterIPs.count) > 1 {
            faults.add(
                path.appending("ipFamilyPolicy"),
                Phrase.invalid(
                    "SingleStack", "must be 'PreferDualStack' or 'RequireDualStack' for more than one family"))
        }
    }

    private func validateClusterIPs(_ faults: inout FaultList, _ path: FieldPath) {
        if clusterIPs.count > Self.clusterIPLimit {
            faults.add(path, Phrase.invalid(clusterIPs.map(\.text).joined(separator: ", "), Phrase.atMostTwo))
            return
        }
        if clusterIPs.count > 1, let index = clusterIPs.firstIndex(of: .none) {
            faults.add(path.appending(index), Phrase.invalid("None", "must be the only value"))
            return
        }
        let addresses = clusterAddresses
        AddressRule.onePerFamily(addresses.map(\.family), &faults, path) { addresses[$0].description }
        for (index, (address, family)) in zip(addresses, ipFamilies).enumerated() where address.family != family {
            faults.add(
                path.appending(index),
                Phrase.invalid(
                    address.description, "expected an \(family) value as indicated by `ipFamilies[\(index)]`"))
        }
    }

    private func validatePorts(_ faults: inout FaultList, _ path: FieldPath) {
        let path = path.appending("ports")
        if ports.isEmpty {
            if type != .externalName && !isHeadless { faults.add(path, Phrase.required) }
            return
        }
        var names = Set<String>()
        var frontends = Set<PortKey>()
        var nodePorts = Set<PortKey>()
        for (index, port) in ports.enumerated() {
            if port.name.isEmpty {
                if ports.count > 1 { faults.add(path.appending(index).appending("name"), Phrase.required) }
            } else {
                faults.check(port.name, NameSyntax.dnsLabel, path.appending(index).appending("name"))
                if !names.insert(port.name).inserted {
                    faults.add(path.appending(index).appending("name"), Phrase.duplicate(port.name))
                }
            }
            let frontend = PortKey(protocol: port.protocol, port: port.port)
            if !frontends.insert(frontend).inserted {
                faults.add(path.appending(index), Phrase.duplicate(frontend.description))
            }
            if case .name(let name) = port.targetPort {
                faults.check(name, NameSyntax.portName, path.appending(index).appending("targetPort"))
            }
            if let name = port.appProtocol {
                faults.check(name, NameSyntax.qualifiedName, path.appending(index).appending("appProtocol"))
            }
            if type == .loadBalancer && port.port == Self.kubeletPort {
                faults.add(
                    path.appending(index).appending("port"),
                    Phrase.invalid(10250, "may not expose port 10250 externally since it is used by kubelet"))
            }
            guard let nodePort = port.nodePort else { continue }
            let key = PortKey(protocol: port.protocol, port: nodePort)
            if type == .clusterIP || type == .externalName {
                faults.add(
                    path.appending(index).appending("nodePort"),
                    Phrase.forbidden("may not be used when `type` is '\(type.rawValue)'"))
            } else if !nodePorts.insert(key).inserted {
                faults.add(path.appending(index).appending("nodePort"), Phrase.duplicate(key.description))
            }
        }
    }

    private func validateExternalAccess(_ faults: inout FaultList, _ path: FieldPath) {
        for (index, address) in externalIPs.enumerated() {
            guard let why = AddressRule.routable(address) else { continue }
            faults.add(path.appending("externalIPs").appending(index), Phrase.invalid(address.description, why))
        }
        if externalTrafficPolicy == .local && !isExternallyAccessible {
            faults.add(
                path.appending("externalTrafficPolicy"),
                Phrase.invalid("Local", "may only be set for externally-accessible services"))
        }
        if healthCheckNodePort != 0 && !(type == .loadBalancer && externalTrafficPolicy == .local) {
            faults.add(
                path.appending("healthCheckNodePort"),
                Phrase.invalid(
                    Int(healthCheckNodePort),
                    "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"))
        }
        if let name = loadBalancerClass {
            faults.check(name, NameSyntax.qualifiedName, path.appending("loadBalancerClass"))
        }
        guard type != .loadBalancer else { return }
        let why = Phrase.forbidden(Phrase.onlyLoadBalancer)
        if !loadBalancerSourceRanges.isEmpty { faults.add(path.appending("loadBalancerSourceRanges"), why) }
        if loadBalancerClass != nil { faults.add(path.appending("loadBalancerClass"), why) }
        if !allocateLoadBalancerNodePorts { faults.add(path.appending("allocateLoadBalancerNodePorts"), why) }
    }
}

/// A port with its protocol: `80/TCP`.
private struct PortKey: Hashable, CustomStringConvertible {
    let `protocol`: TransportProtocol
    let port: PortNumber

    var description: String { "\(port)/\(`protocol`.kubernetesName)" }
}
