package import DNSWire
internal import NetworkTypes

extension ClusterZone {
    /// The name is in the cluster's domain or in the reverse zone of one of its ranges: other servers must never be asked
    /// for it, as they know nothing of it or, worse, something else. Not for the way of a cluster name's query.
    package func owns(_ name: DomainName) -> Bool {
        if name.isWithin(settings.domain) { return true }
        let wire = name.lowercased.wire
        // SAFETY: a whole name, read while it is there.
        return unsafe wire.withUnsafeBytes { bytes in
            let labelCount = unsafe Self.labelCount(bytes)
            let reverse = unsafe ReverseName(bytes, labelCount: labelCount)
            return reverse.flatMap { ranges.zoneDepth(of: $0) } != nil
        }
    }
}
