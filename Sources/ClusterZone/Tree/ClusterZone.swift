public import DNSWire
internal import NetworkTypes

/// An immutable snapshot of everything this server is the authority for: the cluster's domain and the reverse zones.
public final class ClusterZone: Sendable {
    public let settings: ZoneSettings
    public let readiness: ZoneReadiness
    /// SOA's serial.
    public let serial: UInt32
    /// Names that own records or have such names below them, pod names not counted.
    public let nameCount: Int
    /// Addresses with PTR records.
    public let pointerCount: Int

    init(settings: ZoneSettings, readiness: ZoneReadiness, serial: UInt32) {
        self.settings = settings
        self.readiness = readiness
        self.serial = serial
        nameCount = 0
        pointerCount = 0
    }

    /// Every record, by name within each zone: SOA of each zone first. Pod names that follow from a rule are not among
    /// them. Not for the way of a query.
    public func forEachRecord(_ body: (ResourceRecord) throws -> Void) rethrows {}
}
