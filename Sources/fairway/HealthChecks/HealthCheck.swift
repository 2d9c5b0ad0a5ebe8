internal import KubernetesModel
internal import NetworkTypes

/// What a Service has load balancers ask this node for: how many endpoints it has here, on a port of its own.
struct HealthCheck: Sendable, Hashable {
    let port: UInt16
    /// Distinct addresses of ready endpoints on this node. Families that the Service has no address in are left out: nothing
    /// of it is served there.
    let localEndpoints: [IPFamily: Int]

    /// Nil for a Service that has no such port (`healthCheckNodePort` counts for load balancers with a Local policy alone), or
    /// that is another proxy's.
    ///
    /// - Parameters:
    ///   - slices: called for a Service that has one.
    ///   - node: the name of this one.
    init?(_ service: Service, slices: () -> [EndpointSlice], node: String) {
        let spec = service.spec
        guard spec.healthCheckNodePort != 0, spec.type == .loadBalancer, spec.externalTrafficPolicy == .local,
            service.metadata.labels[LabelKey.serviceProxyName] == nil, !spec.clusterAddresses.isEmpty
        else { return nil }
        port = spec.healthCheckNodePort
        var found: [IPFamily: Set<IPAddress>] = [:]
        for address in spec.clusterAddresses { found[address.family] = [] }
        for slice in slices() {
            guard let family = slice.addressType.family else { continue }
            found[family]?.formUnion(slice.readyAddresses(on: node))
        }
        localEndpoints = found.mapValues(\.count)
    }
}

extension EndpointSlice {
    /// Those that a Local policy sends new connections to: a terminating endpoint may go on serving, and yet a load balancer
    /// is to turn elsewhere; one of weight 0 was taken out of service by hand.
    fileprivate func readyAddresses(on node: String) -> [IPAddress] {
        guard metadata.labels[LabelKey.headless] == nil, ports.contains(where: { $0.name != nil && $0.port != nil })
        else { return [] }
        let weights = EndpointWeights(annotations: metadata.annotations)
        return endpoints.compactMap { endpoint in
            guard endpoint.isReady, endpoint.nodeName == node, let address = endpoint.firstAddress,
                address.family == addressType.family, weights?[address] != 0
            else { return nil }
            return address
        }
    }
}
