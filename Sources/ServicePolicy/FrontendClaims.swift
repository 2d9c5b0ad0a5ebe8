internal import KubernetesModel
internal import NetworkTypes
internal import ServiceTable

/// Who wants which frontend. Two Services may claim the same address and port; one wins, always the
/// same one: the one whose ClusterIP it is, else the oldest, then the first by name. Nobody takes an
/// allocated ClusterIP away by naming it as an external address.
struct FrontendClaims {
    /// A frontend, and whether it is the claimant's ClusterIP.
    struct Claim: Hashable {
        let frontend: FrontendKey
        let isClusterIP: Bool
    }

    struct Claimant: Hashable {
        let servicePort: ServicePortKey
        let created: Timestamp?
        var isClusterIP = false

        var service: ObjectKey { ObjectKey(namespace: servicePort.id.namespace, name: servicePort.id.service) }
    }

    /// The claimants of one frontend. Nearly always one: then nothing is allocated.
    private struct Claimants {
        var first: Claimant
        var others: [Claimant] = []

        var all: [Claimant] { [first] + others }

        /// Nil when nobody is left.
        func removing(_ servicePort: ServicePortKey) -> Claimants? {
            if others.isEmpty { return first.servicePort == servicePort ? nil : self }
            let rest = all.filter { $0.servicePort != servicePort }
            return rest.first.map { Claimants(first: $0, others: Array(rest.dropFirst())) }
        }
    }

    private var claimants: [FrontendKey: Claimants] = [:]

    /// Makes room for so many frontends at once.
    mutating func reserveCapacity(_ count: Int) { claimants.reserveCapacity(count) }

    /// Replaces the claims of one service port. Returns the Services whose right to a frontend may
    /// have changed by that: the other claimants of the frontends in question.
    mutating func replace(
        _ old: [Claim], with new: [Claim], by claimant: Claimant
    ) -> Set<ObjectKey> {
        var affected: Set<ObjectKey> = []
        func affects(_ others: [Claimant]) {
            for other in others where other.service != claimant.service { affected.insert(other.service) }
        }
        for key in old.lazy.map(\.frontend) {
            let rest = claimants[key]?.removing(claimant.servicePort)
            claimants[key] = rest
            if let rest { affects(rest.all) }
        }
        for claim in new {
            let key = claim.frontend
            var claimant = claimant
            claimant.isClusterIP = claim.isClusterIP
            if var present = claimants[key] {
                affects(present.all)
                present.others.append(claimant)
                claimants[key] = present
            } else {
                claimants[key] = Claimants(first: claimant)
            }
        }
        return affected
    }

    /// The service port that has this frontend.
    func winner(of key: FrontendKey) -> ServicePortKey? {
        guard let claimants = claimants[key] else { return nil }
        if claimants.others.isEmpty { return claimants.first.servicePort }
        return claimants.all.min { a, b in
            if a.isClusterIP != b.isClusterIP { return a.isClusterIP }
            let (aTime, bTime) = (a.created ?? Timestamp(seconds: .max), b.created ?? Timestamp(seconds: .max))
            return aTime == bTime ? a.servicePort < b.servicePort : aTime < bTime
        }?.servicePort
    }
}
