internal import KubernetesModel

/// What a Service asks of the hints of its endpoints.
enum HintPolicy: Equatable {
    /// None: hints are removed.
    case none
    /// `spec.trafficDistribution` PreferSameZone and PreferClose (KEP-4444).
    case sameZone
    /// PreferSameNode (KEP-3015).
    case sameNode
    /// The topology annotation, which beats `trafficDistribution` (KEP-2433).
    case byCapacity

    /// Values of a later API ask for nothing.
    init(_ service: Service) {
        if service.asksForTopologyHints {
            self = .byCapacity
            return
        }
        switch service.spec.trafficDistribution {
        case "PreferSameZone", "PreferClose": self = .sameZone
        case "PreferSameNode": self = .sameNode
        default: self = .none
        }
    }

    /// Values of the topology annotation that ask for nothing on purpose.
    private static let offModes = ["", "Disabled", "disabled"]

    /// A topology annotation that nobody follows.
    static func refusal(ofModeOf service: Service) -> HintRefusal? {
        guard let mode = service.topologyMode, !service.asksForTopologyHints, !offModes.contains(mode)
        else { return nil }
        return .unknownTopologyMode(mode)
    }

    /// Points a ready endpoint's hints at where it is, where that is the policy.
    func point(_ endpoint: inout Endpoint) {
        guard self == .sameZone || self == .sameNode, endpoint.isReady else { return }
        endpoint.hintZones = endpoint.zone.map { [$0] } ?? []
        if self == .sameNode { endpoint.hintNodes = endpoint.nodeName.map { [$0] } ?? [] }
    }

    /// What a new version of an endpoint takes over from the old one.
    func keep(of old: Endpoint, in endpoint: inout Endpoint) {
        switch self {
        case .none: return
        case .sameZone, .sameNode:
            // As in Kubernetes, where consumers ignore the hints of endpoints that are not ready.
            guard !endpoint.isReady else { return }
            endpoint.hintZones = old.hintZones
            endpoint.hintNodes = old.hintNodes
        case .byCapacity:
            endpoint.hintZones = old.hintZones
            endpoint.hintNodes = old.hintNodes
        }
    }
}
