package import ClusterZone
internal import DNSWire
package import NetworkTypes

/// What a request comes to.
package enum Reply: Sendable {
    /// That many bytes of the response are to be sent.
    case send(Int)
    /// Another server has to be asked.
    case forward(ForwardRequest)
    /// Nothing is sent.
    case drop
}

/// Turns a request into an answer, without any I/O and, for names of the zone, without allocating.
///
/// One for each thread that answers.
package struct Responder: ~Copyable, Sendable {
    package let options: ResponderOptions
    package let statistics: ServerStatistics
    private let name = NameScratch()

    /// - Parameter seed: of the order in which addresses are rotated.
    package init(options: ResponderOptions, statistics: ServerStatistics, seed: UInt64 = .random(in: 0 ... .max)) {
        self.options = options
        self.statistics = statistics
    }

    /// Answers one request from a snapshot.
    ///
    /// - Parameter response: at least `options.payloadLimit` bytes for UDP, 65 535 for TCP: an answer never uses more
    ///   than there are.
    package mutating func respond(
        to request: RawSpan, transport: QueryTransport, client: IPAddress, zone: ClusterZone,
        into response: inout MutableRawSpan
    ) -> Reply {
        .drop
    }
}
