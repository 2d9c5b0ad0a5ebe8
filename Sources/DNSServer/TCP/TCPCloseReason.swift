/// Why a connection ended.
package enum TCPCloseReason: String, Sendable, Hashable, CaseIterable {
    /// The client closed, and has its answers.
    case finished
    /// The client, or the network, cut it off.
    case reset
    /// Nothing asked for the idle timeout.
    case idle
    /// No first query in time.
    case noQuery
    /// Answers were not taken for the write timeout.
    case slowReader
    /// It was the oldest idle one when a new one needed room.
    case evicted
    /// A frame longer than a query may be.
    case oversized
    /// It has had its number of queries.
    case queryLimit
    /// The server stops.
    case stopped
}
