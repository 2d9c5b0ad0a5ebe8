/// How far the zone can be trusted.
public enum ZoneReadiness: UInt8, Sendable, Hashable, BitwiseCopyable {
    /// The cluster's objects are not known yet. Every name of the own zones is SERVFAIL with extended error 14
    /// (RFC 8914, Not Ready): an NXDOMAIN would be believed, and another server must not be asked.
    case unsynced
    /// From the last run's state on disk: answered, and marked with extended error 3 (Stale Answer).
    case restored
    /// Follows the cluster.
    case synced
}
