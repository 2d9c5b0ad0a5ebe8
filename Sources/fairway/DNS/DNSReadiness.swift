internal import ClusterZone
internal import KubernetesModel
internal import ObjectStore

/// Whether this server's answers can be relied on at one moment, for `/ready`, metrics and `get dns`.
struct DNSReadiness: Sendable, Hashable {
    var zone: ZoneReadiness
    /// Seconds since everything was last known to be as it is answered; infinite when nothing is known.
    var age: Double
    var source: SourceState
    /// The same, kind by kind: each is followed on its own.
    var kindAges: [ObjectKind: Double]
    /// `--dns-max-staleness`; nil: however old.
    var maximumStaleness: Duration?

    /// Nil when ready, else one line that says why not.
    var reasonNotReady: String? {
        switch zone {
        case .unsynced: return "the cluster's names are not known yet: they get SERVFAIL"
        case .restored:
            return "the cluster's objects are those of the last run, \(Self.text(age)) old: the source has not told them yet"
        case .synced:
            guard let maximumStaleness, age > maximumStaleness / .seconds(1) else { return nil }
            let limit = "longer than --dns-max-staleness \(Self.text(maximumStaleness / .seconds(1)))"
            if case .resynchronising = source { return "the source tells everything anew, and names are \(Self.text(age)) old, \(limit)" }
            return "the source was last heard from \(Self.text(age)) ago, \(limit)"
        }
    }

    /// One word for `get dns`.
    var sourceText: String {
        switch (zone, source) {
        case (.unsynced, _), (.restored, _): "not heard from yet"
        case (.synced, .connected): "connected"
        case (.synced, .lost): "lost"
        case (.synced, .resynchronising): "resynchronising"
        }
    }

    private static func text(_ seconds: Double) -> String { seconds.isFinite ? "\(Int(seconds))s" : "an unknown time" }
}
