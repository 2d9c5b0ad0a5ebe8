/// Knows which service a request is for. Asked by every worker for every new connection and session: it answers at once
/// and from memory.
package protocol RelayDirectory: AnyObject, Sendable {
    func answer(_ request: RelayRequest) -> RelayAnswer
}

package enum RelayAnswer: Sendable {
    /// Relayed to a backend that the service chooses.
    case relay(RelayService, RelayService.Scope)
    /// Refused: a connection is reset, a datagram dropped (and answered with an ICMP error where that can be done).
    case refuse(RelayRefusal)
}

/// Why a client got no backend. The raw value is the metrics' label.
package enum RelayRefusal: String, Sendable, Hashable, CaseIterable {
    /// No frontend has this address and port.
    case unknownFrontend = "unknown_frontend"
    /// The verdict of the client's origin says so, or its address is not in the allowed ranges.
    case policy
    /// The service has no backend that takes connections.
    case noBackend = "no_backend"
    /// Every backend tried refused or did not answer in time.
    case allFailed = "all_failed"
    /// A limit of this process: connections, sessions, descriptors, memory.
    case limit
}
