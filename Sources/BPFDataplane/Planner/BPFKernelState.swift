package import NetworkTypes
package import ServiceTable

/// What the maps hold, decoded. Entries that cannot be (a port 0, a protocol that no Service has) are strangers: whoever
/// reads the maps removes them.
package struct BPFKernelState: Sendable, Hashable {
    package var frontends: [FrontendKey: BPFFrontend] = [:]
    package var sets: [BPFSetKey: BPFBackendSet] = [:]
    package var slots: [BPFSlotKey: UInt32] = [:]
    package var backends: [UInt32: BPFBackend] = [:]
    /// Open connections of each backend.
    package var loads: [UInt32: UInt64] = [:]
    package var cursors: Set<BPFSetKey> = []
    package var siblings: [BPFSiblingKey: UInt32] = [:]
    package var sources: Set<BPFSourceKey> = []
    package var nodePortAddresses: Set<IPAddress> = []
    package var clusterIPs: Set<IPAddress> = []
    package var serviceRanges: Set<IPPrefix> = []
    package var podRanges: Set<IPPrefix> = []
    /// Backends with counters.
    package var counters: Set<UInt32> = []
    /// `fw_settings.detect`.
    package var detect: UInt32 = 0

    package init() {}
}
