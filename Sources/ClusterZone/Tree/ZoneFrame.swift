internal import DNSWire
internal import NetworkTypes

/// What all snapshots of a tree have in common.
final class ZoneFrame: Sendable {
    let settings: ZoneSettings
    let domain: Domain
    let ranges: ReverseRanges

    /// The cluster's domain and what records of it have in common.
    struct Domain: Sendable {
        /// The name in lower case, after the header.
        let name: Block
        let byteCount: Int
        let labelCount: Int
        let timeToLive: UInt32
        let negativeTimeToLive: UInt32
        let podNames: ZoneSettings.PodNames

        init(_ settings: ZoneSettings) {
            let wire = settings.domain.lowercased.wire
            name = Block(byteCount: Block.headerByteCount + wire.count)
            name.store(wire, at: Block.headerByteCount)
            byteCount = wire.count
            labelCount = settings.domain.labels.count
            timeToLive = settings.timeToLive
            negativeTimeToLive = settings.negativeTimeToLive
            podNames = settings.podNames
        }
    }

    init(_ settings: ZoneSettings) {
        self.settings = settings
        domain = Domain(settings)
        ranges = ReverseRanges(settings.reverseRanges)
    }

    deinit {
        // Snapshots hold the frame: the last one is gone.
        domain.name.free()
        ranges.free()
    }
}
