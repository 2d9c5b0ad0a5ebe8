internal import KubernetesModel

/// Packs the endpoints of one Service and family into slices, moving none that is in one already.
///
/// The order of k8s.io/endpointslice: first the slices that change anyway, the fullest first; then
/// the one unchanged slice into which the rest fits best; then new slices.
struct SlicePacking {
    /// Ports and endpoints of a slice that gets its name later.
    struct Contents {
        let ports: [EndpointPort]
        var endpoints: [Endpoint]
    }

    struct Outcome {
        var create: [Contents] = []
        var update: [EndpointSlice] = []
        var delete: [ObjectKey] = []
    }

    private struct Candidate {
        var slice: EndpointSlice
        let group: Int?
        var isChanged = false
    }

    private let existing: [EndpointSlice]
    private let labels: [String: String]
    private let limit: Int
    private var candidates: [Candidate] = []
    private var created: [Contents] = []

    /// - Parameter existing: the slices of this family that the controller manages, by name.
    init(existing: [EndpointSlice], labels: [String: String], limit: Int) {
        self.existing = existing
        self.labels = labels
        self.limit = limit
    }

    /// Places every wanted endpoint and drops those in scope that are not wanted.
    mutating func place(_ wanted: DesiredEndpoints, scope: SliceReconciler.Scope) {
        var unplaced: [[Endpoint]] = Array(repeating: [], count: wanted.groups.count)
        if existing.isEmpty {
            for entry in wanted.entries { unplaced[entry.group].append(entry.endpoint) }
        } else {
            var isPlaced = Array(repeating: false, count: wanted.entries.count)
            keepInPlace(wanted, scope: scope, &isPlaced)
            for (index, entry) in wanted.entries.enumerated() where !isPlaced[index] {
                unplaced[entry.group].append(entry.endpoint)
            }
        }
        for (group, endpoints) in unplaced.enumerated() where !endpoints.isEmpty {
            add(endpoints[...], group: group, ports: wanted.groups[group].ports)
        }
    }

    private mutating func keepInPlace(
        _ wanted: DesiredEndpoints, scope: SliceReconciler.Scope, _ isPlaced: inout [Bool]
    ) {
        let entryByPod = Dictionary(
            wanted.entries.enumerated().map { ($0.element.podName, $0.offset) }, uniquingKeysWith: { first, _ in first })
        for slice in existing {
            let portSet = PortSet(slice.ports)
            var candidate = Candidate(slice: slice, group: wanted.groups.firstIndex { $0.portSet == portSet })
            candidate.isChanged = slice.metadata.labels != labels
            if case .pods(let names) = scope, !Self.names(names, anyPodOf: slice) {
                // Most slices of a large Service: one look at each pod's name, and no copy.
                candidates.append(candidate)
                continue
            }
            var kept: [Endpoint]?
            for (position, old) in slice.endpoints.enumerated() {
                let new: Endpoint?
                if Self.isDecided(old, by: scope, in: slice) {
                    if Self.isPod(old, in: slice), let name = old.targetRef?.name, let entry = entryByPod[name],
                        !isPlaced[entry], wanted.entries[entry].group == candidate.group
                    {
                        isPlaced[entry] = true
                        new = wanted.endpoint(entry, after: old)
                    } else {
                        new = nil
                    }
                } else {
                    new = old
                }
                if kept == nil, new != old { kept = Array(slice.endpoints[..<position]) }
                if let new { kept?.append(new) }
            }
            if let kept {
                candidate.slice.endpoints = kept
                candidate.isChanged = true
            }
            candidates.append(candidate)
        }
    }

    /// The endpoint is decided anew: all are, or it stands for a pod of the slice's own namespace
    /// that the scope names. One of no pod is decided with all, and then goes.
    private static func isDecided(
        _ endpoint: Endpoint, by scope: SliceReconciler.Scope, in slice: EndpointSlice
    ) -> Bool {
        guard case .pods(let names) = scope else { return true }
        guard let name = endpoint.targetRef?.name, names.contains(name) else { return false }
        return isPod(endpoint, in: slice)
    }

    private static func names(_ names: Set<String>, anyPodOf slice: EndpointSlice) -> Bool {
        // Nearly always one pod: comparing names is cheaper than hashing each.
        if names.count == 1, let only = names.first {
            return slice.endpoints.contains { $0.targetRef?.name == only }
        }
        return slice.endpoints.contains { $0.targetRef.map { names.contains($0.name) } ?? false }
    }

    private static func isPod(_ endpoint: Endpoint, in slice: EndpointSlice) -> Bool {
        guard let target = endpoint.targetRef else { return false }
        return target.kind == "Pod" && (target.namespace == slice.metadata.namespace || target.namespace.isEmpty)
    }

    private mutating func add(_ endpoints: ArraySlice<Endpoint>, group: Int, ports: [EndpointPort]) {
        var rest = endpoints
        let changing = candidates.indices.filter { candidates[$0].group == group && candidates[$0].isChanged }
        // Ties stay in the order of names: sorting is stable.
        for index in changing.sorted(by: { candidates[$0].slice.endpoints.count > candidates[$1].slice.endpoints.count }) {
            fill(index, from: &rest)
        }
        while !rest.isEmpty {
            if let index = bestFit(for: rest.count, group: group) {
                candidates[index].isChanged = true
                fill(index, from: &rest)
            } else {
                created.append(Contents(ports: ports, endpoints: Array(rest.prefix(limit))))
                rest = rest.dropFirst(limit)
            }
        }
    }

    private mutating func fill(_ index: Int, from rest: inout ArraySlice<Endpoint>) {
        let room = max(0, limit - candidates[index].slice.endpoints.count)
        candidates[index].slice.endpoints += rest.prefix(room)
        rest = rest.dropFirst(room)
    }

    /// The fullest unchanged slice of the group that takes this many more.
    private func bestFit(for count: Int, group: Int) -> Int? {
        candidates.indices
            .filter {
                candidates[$0].group == group && !candidates[$0].isChanged
                    && candidates[$0].slice.endpoints.count + count <= limit
            }
            .max { candidates[$0].slice.endpoints.count < candidates[$1].slice.endpoints.count }
    }

    /// What to write: a slice left empty becomes one that is needed before it is deleted, and a
    /// family without endpoints keeps one slice without ports, so that consumers know it is empty.
    consuming func outcome() -> Outcome {
        var outcome = Outcome()
        var empty: [EndpointSlice] = []
        for candidate in candidates {
            if candidate.slice.endpoints.isEmpty {
                empty.append(candidate.slice)
            } else if candidate.isChanged {
                var slice = candidate.slice
                slice.metadata.labels = labels
                outcome.update.append(slice)
            }
        }
        if created.isEmpty && empty.count == candidates.count {
            created.append(Contents(ports: [], endpoints: []))
            // One that is a placeholder already needs no write.
            if let ready = empty.firstIndex(where: { $0.ports.isEmpty }) { empty.swapAt(0, ready) }
        }
        for contents in created {
            guard !empty.isEmpty else {
                outcome.create.append(contents)
                continue
            }
            var slice = empty.removeFirst()
            slice.metadata.labels = labels
            slice.ports = contents.ports
            slice.endpoints = contents.endpoints
            if !existing.contains(slice) { outcome.update.append(slice) }
        }
        outcome.delete = empty.map(\.metadata.key)
        return outcome
    }
}

extension DesiredEndpoints {
    /// The wanted endpoint in the place of an older one of the same pod.
    fileprivate func endpoint(_ index: Int, after old: Endpoint) -> Endpoint {
        var endpoint = entries[index].endpoint
        if keepsHintsOfNotReady, !endpoint.isReady {
            endpoint.hintZones = old.hintZones
            endpoint.hintNodes = old.hintNodes
        }
        return endpoint
    }
}
