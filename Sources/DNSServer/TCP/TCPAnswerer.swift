internal import ClusterZone
internal import NetworkTypes

/// Answers the queries of one event loop's connections.
protocol TCPAnswerer: AnyObject {
    /// Before the queries of one read.
    func beginBatch()
    func respond(to request: RawSpan, client: IPAddress, into response: inout MutableRawSpan) -> Reply
}

/// Answers from the zone in force, which it does not keep: a connection that rests would keep all that changed since.
final class ZoneAnswerer: TCPAnswerer {
    private let zones: ZonePublisher
    private var responder: Responder

    init(zones: ZonePublisher, responder: consuming Responder) {
        self.zones = zones
        self.responder = responder
    }

    func beginBatch() {
        responder.beginBatch(at: .now)
    }

    func respond(to request: RawSpan, client: IPAddress, into response: inout MutableRawSpan) -> Reply {
        responder.respond(to: request, transport: .tcp, client: client, zone: zones.zone, into: &response)
    }
}
