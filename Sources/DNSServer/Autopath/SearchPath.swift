internal import DNSWire

/// The names that a pod's resolver asks for, one after the other.
struct SearchPath {
    /// `ndots` of pods: a name with fewer dots is searched for before it is asked for as it is (kubelet's ClusterFirst).
    static let dots = 5

    let domain: DomainName
    let hostDomains: [DomainName]

    /// What comes after the first name of a walk, or nothing where a name is not the first of one: below the first
    /// domain of the client's list, with one to five labels (fewer than five dots) before it.
    ///
    /// Names that would be too long are left out, as resolvers leave them out; none comes twice.
    func candidates(after name: DomainName, namespace: String) -> [DomainName] {
        guard let services = domain.prepending("svc".utf8), let first = services.prepending(namespace.utf8),
            name.isWithin(first)
        else { return [] }
        let base = name.labels.dropLast(first.labels.count)
        guard (1...Self.dots).contains(base.count) else { return [] }
        var seen: Set<DomainName> = [name]
        return ([services, domain] + hostDomains + [.root]).compactMap { suffix in
            guard let candidate = DomainName(labels: base + suffix.labels), seen.insert(candidate).inserted else { return nil }
            return candidate
        }
    }

    /// Types that resolvers search for. A CNAME would itself be the answer to the question for one, and the types at a
    /// zone's apex are asked for by those who know the name.
    static func isSearched(_ type: RecordType) -> Bool {
        switch type {
        case .cname, .soa, .ns, .ds, .dnskey, .rrsig, .any: false
        default: true
        }
    }
}
