internal import KubernetesModel
internal import NetworkTypes
internal import ServiceTable

/// Who wants which frontend. Two Services may claim the same address and port; one wins, always the
/// same one: the oldest, then the first by name.
struct FrontendClaims {
    struct Claimant: Hashable {
        let servicePort: ServicePortKey
        let service: ObjectKey
        let created: Timestamp?
    }

    private var claimants: [FrontendKey: [Claimant]] = [:]

    /// Replaces the claims of one service port. Returns the Services whose right to a frontend may
    /// have changed by that: the other claimants of the frontends in question.
    mutating func replace(
        _ old: [FrontendKey], with new: [FrontendKey], by claimant: Claimant
    ) -> Set<ObjectKey> {
        var affected: Set<ObjectKey> = []
        for key in old {
            claimants[key]?.removeAll { $0.servicePort == claimant.servicePort }
            if claimants[key]?.isEmpty == true { claimants[key] = nil }
            for other in claimants[key] ?? [] where other.service != claimant.service { affected.insert(other.service) }
        }
        for key in new {
            for other in claimants[key] ?? [] where other.service != claimant.service { affected.insert(other.service) }
            claimants[key, default: []].append(claimant)
        }
        return affected
    }

    /// The service port that has this frontend.
    func winner(of key: FrontendKey) -> ServicePortKey? {
        guard let all = claimants[key] else { return nil }
        if all.count == 1 { return all[0].servicePort }
        return all.min { a, b in
            let (aTime, bTime) = (a.created ?? Timestamp(seconds: .max), b.created ?? Timestamp(seconds: .max))
            return aTime == bTime ? a.servicePort < b.servicePort : aTime < bTime
        }?.servicePort
    }
}
