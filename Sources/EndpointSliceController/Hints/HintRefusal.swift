/// Why the endpoints of a Service have no hints although it asks for them, or have hints that
/// consumers will not follow.
package enum HintRefusal: Error, Sendable, Hashable {
    /// The topology annotation holds neither `Auto` nor `Disabled`.
    case unknownTopologyMode(String)
    /// No node counts: each is not ready, or of the control plane.
    case noReadyNode
    /// A ready node tells no allocatable CPU, so that shares are unknown.
    case nodeWithoutCPU(String)
    /// A ready node has no zone label.
    case nodeWithoutZone(String)
    /// All ready nodes are in this zone.
    case oneZone(String)
    /// Ready endpoints cannot serve every zone.
    case fewerEndpointsThanZones(endpoints: Int, zones: Int)
    /// However they are shared out, some zone has less than its share of CPU by more than 20 %.
    case overload(endpoints: Int, zones: Int)
    /// A ready endpoint's node has no zone, by the pod's name: consumers follow zone hints only when
    /// every ready endpoint has one.
    case endpointWithoutZone(String)
    /// A ready endpoint has no node, by the pod's name; likewise for node hints.
    case endpointWithoutNode(String)
}

extension HintRefusal: CustomStringConvertible {
    /// One line for an operator.
    package var description: String {
        switch self {
        case .unknownTopologyMode(let value): "the topology annotation is \"\(value)\", which is not Auto"
        case .noReadyNode: "no node outside the control plane is ready"
        case .nodeWithoutCPU(let name): "node \(name) has no allocatable CPU in its status"
        case .nodeWithoutZone(let name): "node \(name) has no zone label"
        case .oneZone(let zone): "all ready nodes are in zone \(zone)"
        case .fewerEndpointsThanZones(let endpoints, let zones):
            "fewer ready endpoints (\(endpoints)) than zones (\(zones))"
        case .overload(let endpoints, let zones):
            "\(endpoints) ready endpoints over \(zones) zones would overload one by more than 20 % of its share of CPU"
        case .endpointWithoutZone(let pod): "ready endpoint \(pod) is in no zone"
        case .endpointWithoutNode(let pod): "ready endpoint \(pod) is on no node"
        }
    }
}
