internal import Synchronization

/// What went through one backend, counted by all workers; each count only grows.
package final class RelayTraffic: Sendable {
    package struct Counts: Sendable, Hashable {
        /// Connections and sessions that a backend took.
        package var connections: UInt64 = 0
        /// Bytes of payload from clients.
        package var bytesIn: UInt64 = 0
        /// Bytes of payload to clients.
        package var bytesOut: UInt64 = 0
        /// Datagrams from clients; 0 for TCP.
        package var packetsIn: UInt64 = 0
        package var packetsOut: UInt64 = 0
        /// Attempts to connect that were refused, unreachable or timed out.
        package var failures: UInt64 = 0
        /// Connections that came here after another backend had failed.
        package var retries: UInt64 = 0

        package init() {}

        package mutating func add(_ other: Counts) {
            connections += other.connections
            bytesIn += other.bytesIn
            bytesOut += other.bytesOut
            packetsIn += other.packetsIn
            packetsOut += other.packetsOut
            failures += other.failures
            retries += other.retries
        }
    }

    private let connections = Atomic<UInt64>(0)
    private let bytesIn = Atomic<UInt64>(0)
    private let bytesOut = Atomic<UInt64>(0)
    private let packetsIn = Atomic<UInt64>(0)
    private let packetsOut = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)
    private let retries = Atomic<UInt64>(0)

    init() {}

    /// - Parameter isRetry: another backend was tried before.
    package func countConnection(isRetry: Bool) {
        connections.wrappingAdd(1, ordering: .relaxed)
        if isRetry { retries.wrappingAdd(1, ordering: .relaxed) }
    }

    package func countFailure() { failures.wrappingAdd(1, ordering: .relaxed) }

    package func countIn(bytes: Int, packets: Int = 0) {
        bytesIn.wrappingAdd(UInt64(bytes), ordering: .relaxed)
        if packets > 0 { packetsIn.wrappingAdd(UInt64(packets), ordering: .relaxed) }
    }

    package func countOut(bytes: Int, packets: Int = 0) {
        bytesOut.wrappingAdd(UInt64(bytes), ordering: .relaxed)
        if packets > 0 { packetsOut.wrappingAdd(UInt64(packets), ordering: .relaxed) }
    }

    /// Each count as it is now; not all of one moment.
    package var counts: Counts {
        var counts = Counts()
        counts.connections = connections.load(ordering: .relaxed)
        counts.bytesIn = bytesIn.load(ordering: .relaxed)
        counts.bytesOut = bytesOut.load(ordering: .relaxed)
        counts.packetsIn = packetsIn.load(ordering: .relaxed)
        counts.packetsOut = packetsOut.load(ordering: .relaxed)
        counts.failures = failures.load(ordering: .relaxed)
        counts.retries = retries.load(ordering: .relaxed)
        return counts
    }
}
