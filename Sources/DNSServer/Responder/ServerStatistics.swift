package import DNSWire
package import NetworkTypes
internal import Synchronization

/// Counters of one thread that answers: that thread adds, any thread reads (each figure by itself is exact).
package final class ServerStatistics: Sendable {
    package init() {}

    /// Which part of the name space a question was in.
    package enum Zone: Int, Sendable, CaseIterable {
        /// The cluster's domain.
        case cluster
        /// A reverse zone of ours.
        case reverse
        /// Everything else.
        case other
    }

    /// The sum over several threads.
    package struct Totals: Sendable, Hashable {
        package struct Request: Sendable, Hashable {
            package var zone: Zone
            package var transport: QueryTransport
            package var family: IPFamily
            /// Nil: any type that is not counted by itself (`other`).
            package var type: RecordType?
        }

        /// Buckets with their upper bounds, as Prometheus has them, not cumulated; the last is +Inf.
        package struct Histogram: Sendable, Hashable {
            package var bounds: [Double]
            package var counts: [UInt64]
            package var sum: Double
        }

        package struct Path: Sendable, Hashable {
            package var zone: Zone
            package var transport: QueryTransport
        }

        package var requests: [Request: UInt64] = [:]
        package var responses: [Zone: [ResponseCode: UInt64]] = [:]
        package var requestSizes: [Path: Histogram] = [:]
        package var responseSizes: [Path: Histogram] = [:]
        /// Seconds.
        package var durations: [Zone: Histogram] = [:]
        package var dnssecOK: [Zone: UInt64] = [:]
        package var truncated: [Path: UInt64] = [:]
        /// Requests that were not answered: no header, or a response.
        package var dropped: UInt64 = 0
        /// Handed to the forwarder.
        package var forwarded: UInt64 = 0
    }

    package static func totals(of statistics: [ServerStatistics]) -> Totals { Totals() }

    /// Counts the reply to a forwarded query. From any thread.
    package func countForwarded(
        _ request: ForwardRequest, responseCode: ResponseCode, byteCount: Int, truncated: Bool, duration: Duration
    ) {}
}
