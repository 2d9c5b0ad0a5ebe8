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

    /// Why a worker stopped to listen for a while.
    package enum Pause: String, Sendable, Hashable, CaseIterable {
        /// The limit on connections.
        case connections
        /// Descriptors or kernel memory had run out.
        case resources
    }

    private let refused = Counters<RelayRefusal>()
    private let ended = Counters<End>()
    private let paused = Counters<Pause>()
    package let datagrams = UDPStatistics()

    init() {}

    package func count(_ refusal: RelayRefusal) { refused.count(refusal) }

    package func count(_ end: End) { ended.count(end) }

    package func count(_ pause: Pause) { paused.count(pause) }

    /// Those that are not zero.
    package var refusals: [RelayRefusal: UInt64] { refused.values }
    package var ends: [End: UInt64] { ended.values }
    package var pauses: [Pause: UInt64] { paused.values }
}

/// One atomic counter for each case: counting takes no lock.
private struct Counters<Case: Hashable & CaseIterable & Sendable>: Sendable {
    private final class Counter: Sendable {
        let value = Atomic<UInt64>(0)
    }

    private let counters: [Case: Counter]

    init() { counters = Dictionary(uniqueKeysWithValues: Case.allCases.map { ($0, Counter()) }) }

    func count(_ one: Case) { counters[one]?.value.wrappingAdd(1, ordering: .relaxed) }

    var values: [Case: UInt64] {
        counters.mapValues { $0.value.load(ordering: .relaxed) }.filter { $0.value > 0 }
    }
}
