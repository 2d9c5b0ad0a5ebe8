internal import KubernetesModel

/// Packs the endpoints of one Service and family into slices, moving none that is in one already.
///
/// The order of k8s.io/endpointslice: first the slices that change anyway, the fullest first; then
/// the one unchanged slice into which the rest fits best; then new slices.
struct SlicePacking {
    /// Ports and endpoints of a slice that gets its name later.
    struct Contents {
        let ports: [EndpointPort]
        var endpoints: [Endpoint] = []
        var weights = EndpointWeights()
    }

    struct Outcome {
        var create: [Contents] = []
        var update: [EndpointSlice] = []
        var delete: [ObjectKey] = []
    }

    struct Candidate {
        var slice: EndpointSlice
        let group: Int?
        var isChanged = false
        /// Those of the endpoints, written with the slice.
        var weights = EndpointWeights()
    }

    let existing: [EndpointSlice]
    let labels: [String: String]
    private let limit: Int
    var candidates: [Candidate] = []
    var created: [Contents] = []

    /// - Parameter existing: the slices of this family that the controller manages, by name.
    init(existing: [EndpointSlice], labels: [String: String], limit: Int) {
        self.existing = existing
        self.labels = labels
        self.limit = limit
    }

    /// Places every wanted endpoint and drops those in scope that are not wanted.
    mutating func place(_ wanted: DesiredEndpoints, scope: SliceReconciler.Scope) {
        var unplaced: [[Int]] = Array(repeating: [], count: wanted.groups.count)
        if existing.isEmpty {
            for (index, entry) in wanted.entries.enumerated() { unplaced[entry.group].append(index) }
        } else {
            var isPlaced = Array(repeating: false, count: wanted.entries.count)
            keepInPlace(wanted, scope: scope, &isPlaced)
            for (index, entry) in wanted.entries.enumerated() where !isPlaced[index] {
                unplaced[entry.group].append(index)
            }
        }
        for (group, entries) in unplaced.enumerated() where !entries.isEmpty {
            add(entries[...], of: wanted, group: group)
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
            if scope != .all, let weights = EndpointWeights(annotations: slice.metadata.annotations) {
                candidate.weights = weights
            }
            if case .pods(let names) = scope, !Self.names(names, anyPodOf: slice) {
                // Most slices of a large Service: one look at each pod's name, and no copy.
                candidates.append(candidate)
                continue
            }
            var kept: [Endpoint]?
            for (position, old) in slice.endpoints.enumerated() {
                let new: Endpoint?
                if Self.isDecided(old, by: scope, in: slice) {
                    candidate.weights.set(EndpointWeights.standard, of: old)
                    if Self.isPod(old, in: slice), let name = old.targetRef?.name, let entry = entryByPod[name],
                        !isPlaced[entry], wanted.entries[entry].group == candidate.group
                    {
                        isPlaced[entry] = true
                        let endpoint = wanted.endpoint(entry, after: old)
                        candidate.weights.set(wanted.entries[entry].weight, of: endpoint)
                        new = endpoint
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
            if slice.metadata.annotations[AnnotationKey.endpointWeights] != candidate.weights.annotation {
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

    private mutating func add(_ entries: ArraySlice<Int>, of wanted: DesiredEndpoints, group: Int) {
        var rest = entries
        let changing = candidates.indices.filter { candidates[$0].group == group && candidates[$0].isChanged }
        // Ties stay in the order of names: sorting is stable.
        for index in changing.sorted(by: { candidates[$0].slice.endpoints.count > candidates[$1].slice.endpoints.count }) {
            fill(index, from: &rest, of: wanted)
        }
        while !rest.isEmpty {
            if let index = bestFit(for: rest.count, group: group) {
                candidates[index].isChanged = true
                fill(index, from: &rest, of: wanted)
            } else {
                var contents = Contents(ports: wanted.groups[group].ports)
                contents.endpoints = rest.prefix(limit).map { wanted.entries[$0].endpoint }
                for entry in rest.prefix(limit) {
                    contents.weights.set(wanted.entries[entry].weight, of: wanted.entries[entry].endpoint)
                }
                created.append(contents)
                rest = rest.dropFirst(limit)
            }
        }
    }

    private mutating func fill(_ index: Int, from rest: inout ArraySlice<Int>, of wanted: DesiredEndpoints) {
        let room = max(0, limit - candidates[index].slice.endpoints.count)
        for entry in rest.prefix(room) {
            candidates[index].slice.endpoints.append(wanted.entries[entry].endpoint)
            candidates[index].weights.set(wanted.entries[entry].weight, of: wanted.entries[entry].endpoint)
        }
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
}
