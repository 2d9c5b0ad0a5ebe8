internal import ClusterZone
internal import NetworkTypes

/// Answers the queries of one event loop's connections.
protocol TCPAnswerer: AnyObject {
    /// Before the queries of one read.
    func beginBatch()
    func respond(to request: RawSpan, client: IPAddress, into response: inout MutableRawSpan) -> Reply
}

/// Answers from the zone in force.
final class ZoneAnswerer: TCPAnswerer {
    private let zones: ZonePublisher
    private var responder: Responder
    private var zone: ClusterZone
    private var generation: UInt64

    init(zones: ZonePublisher, responder: consuming Responder) {
        self.zones = zones
        self.responder = responder
        // In this order: a snapshot published in between is looked at again.
        generation = zones.generation
        zone = zones.zone
    }

    func beginBatch() {
        responder.beginBatch(at: .now)
        let latest = zones.generation
        guard latest != generation else { return }
        generation = latest
        zone = zones.zone
    }

    func respond(to request: RawSpan, client: IPAddress, into response: inout MutableRawSpan) -> Reply {
        responder.respond(to: request, transport: .tcp, client: client, zone: zone, into: &response)
    }
}
