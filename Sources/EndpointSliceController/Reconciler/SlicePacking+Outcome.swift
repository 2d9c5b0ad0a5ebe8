internal import KubernetesModel

extension SlicePacking {
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
                slice.metadata.annotations[AnnotationKey.endpointWeights] = candidate.weights.annotation
                outcome.update.append(slice)
            }
        }
        if created.isEmpty && empty.count == candidates.count {
            created.append(Contents(ports: []))
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
            slice.metadata.annotations[AnnotationKey.endpointWeights] = contents.weights.annotation
            slice.ports = contents.ports
            slice.endpoints = contents.endpoints
            if !existing.contains(slice) { outcome.update.append(slice) }
        }
        outcome.delete = empty.map(\.metadata.key)
        return outcome
    }
}
