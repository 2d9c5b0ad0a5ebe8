internal import ClusterZone

/// Whether this server's answers can be relied on, for `/ready` and `get dns`.
struct DNSReadiness: Sendable, Hashable {
    var zone: ZoneReadiness
    var age: DataAge
    /// `--dns-max-staleness`; nil: however old.
    var maximumStaleness: Duration?

    /// Nil when ready, else one line that says why not.
    func reasonNotReady(at now: Int64) -> String? {
        let age = age.seconds(at: now)
        switch zone {
        case .unsynced: return "the cluster's objects are not known yet: names of the cluster get SERVFAIL"
        case .restored:
            return "the cluster's objects are those of the last run, \(Self.text(age)) old: the source has not told them yet"
        case .synced:
            guard let maximumStaleness, age > Double(maximumStaleness.components.seconds) else { return nil }
            let limit = maximumStaleness.components.seconds
            return "the source was last heard from \(Self.text(age)) ago, longer than --dns-max-staleness \(limit)s"
        }
    }

    private static func text(_ seconds: Double) -> String { seconds.isFinite ? "\(Int(seconds))s" : "an unknown time" }
}
