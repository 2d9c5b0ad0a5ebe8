/// Mirroring copies the annotations of Endpoints to slices, also those that nobody here reads
/// (pkg/controller/endpointslicemirroring). No other object pays for keeping them.
extension ObjectMeta {
    /// Endpoints with this metadata are copied to slices, as far as they decide it themselves: neither marked to be
    /// skipped nor a leader election's lock, nor on their way out.
    package var isMirrored: Bool {
        labels[LabelKey.skipMirror] != "true" && annotations[AnnotationKey.leaderElection] == nil
            && deletionTimestamp == nil
    }

    /// Annotations of others are kept on such an object: Endpoints that are mirrored, or a slice made of them.
    package func takesPartInMirroring(as kind: ObjectKind) -> Bool {
        switch kind {
        case .endpoints: isMirrored
        case .endpointSlice: labels[LabelKey.managedBy] == SliceManager.mirroring
        case .service, .pod, .node, .namespace, .serviceCIDR: false
        }
    }

    /// An annotation survives decoding.
    ///
    /// - Precondition: labels, timestamps and the annotations that are read here are there already.
    package func keepsAnnotation(_ key: String, as kind: ObjectKind) -> Bool {
        if AnnotationKey.isKept(key) { return true }
        // As large as the object, and never copied.
        if kind == .endpoints && key == AnnotationKey.lastAppliedConfiguration { return false }
        return takesPartInMirroring(as: kind)
    }
}
