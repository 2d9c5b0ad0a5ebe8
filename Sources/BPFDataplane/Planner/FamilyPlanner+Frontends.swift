internal import NetworkTypes
internal import ServiceTable

extension FamilyPlanner {
    /// - Returns: frontends that the service port had and has no more.
    mutating func updateFrontends(
        _ state: inout PortState, to new: ServicePort?, _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets
    ) -> [(key: FrontendKey, service: UInt32)] {
        let old = state.port
        for frontend in new?.frontends ?? [] {
            guard let new else { break }
            let key = frontend.key(in: new.key)
            let ranges = frontend.allowedSources.map { sources.acquire($0, &ids, &buckets) } ?? 0
            let value = entry(of: frontend, in: state, sources: ranges)
            if frontends[key] == value { continue }
            frontends[key] = value
            buckets.frontends.append(.set(.frontend(key, value)))
        }
        guard let old else { return [] }
        for frontend in old.frontends {
            if let ranges = frontend.allowedSources { sources.release(ranges, &ids, &buckets) }
        }
        if let new, old.frontends == new.frontends { return [] }
        let kept = Set((new?.frontends ?? []).map { $0.key(in: old.key) })
        return old.frontends.map { $0.key(in: old.key) }.filter { !kept.contains($0) }.map { ($0, state.service) }
    }

    /// Sources that nobody can tell from others are treated as the others, and a set without slots refuses.
    private func entry(of frontend: Frontend, in state: PortState, sources: UInt32) -> BPFFrontend {
        func verdict(_ verdict: Verdict) -> BPFVerdict {
            if case .balance(let scope, _) = verdict, state.sets[scope] == nil { return .reject }
            return BPFVerdict(verdict)
        }
        let verdicts = frontend.verdicts
        return BPFFrontend(
            service: state.service, sources: sources, pod: verdict(tellsPods ? verdicts.pod : verdicts.outside),
            node: verdict(verdicts.node), outside: verdict(verdicts.outside))
    }
}
