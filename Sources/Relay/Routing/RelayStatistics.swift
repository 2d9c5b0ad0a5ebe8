internal import Synchronization

/// What the relay counted, of all workers; each count only grows.
package final class RelayStatistics: Sendable {
    /// Why connections or sessions ended.
    package enum End: String, Sendable, Hashable, CaseIterable {
        /// Both sides had ended their direction.
        case finished
        case clientReset = "client_reset"
        case backendReset = "backend_reset"
        /// The backend had gone, and the time to drain was over.
        case drained
        /// No datagram for the idle time.
        case idle
        /// Made room for another.
        case evicted
        /// The process ended.
        case stopped
    }

    package let datagrams = UDPStatistics()
    private let counts = Mutex<(refusals: [RelayRefusal: UInt64], ends: [End: UInt64])>(([:], [:]))

    init() {}

    package func count(_ refusal: RelayRefusal) { counts.withLock { $0.refusals[refusal, default: 0] += 1 } }

    package func count(_ end: End) { counts.withLock { $0.ends[end, default: 0] += 1 } }

    package var refusals: [RelayRefusal: UInt64] { counts.withLock(\.refusals) }
    package var ends: [End: UInt64] { counts.withLock(\.ends) }
}
