internal import Synchronization

/// How long backends took to answer connections, as a histogram; each count only grows.
package final class ConnectTimes: Sendable {
    /// The upper bounds of the buckets. Beyond the last is what a longer timeout of an attempt allows.
    package static let bounds: [Duration] = [
        .microseconds(500), .milliseconds(1), .milliseconds(2), .milliseconds(4), .milliseconds(8), .milliseconds(16),
        .milliseconds(32), .milliseconds(64), .milliseconds(125), .milliseconds(250), .milliseconds(500), .seconds(1),
        .seconds(2), .seconds(4),
    ]

    /// In the form of Prometheus: each bucket holds those of the buckets before it too.
    package struct Snapshot: Sendable, Hashable {
        /// As many as there are bounds: times of at most that bound.
        package let buckets: [UInt64]
        package let count: UInt64
        package let sum: Duration
    }

    private final class Counter: Sendable {
        let value = Atomic<UInt64>(0)
    }

    private static let nanoseconds = bounds.map(\.nanoseconds)

    private let counters = (0...bounds.count).map { _ in Counter() }
    private let sum = Atomic<UInt64>(0)

    package init() {}

    package func count(_ time: Duration) {
        let time = time.nanoseconds
        var index = 0
        while index < Self.nanoseconds.count, time > Self.nanoseconds[index] { index += 1 }
        counters[index].value.wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(time, ordering: .relaxed)
    }

    /// Each count as it is now; not all of one moment.
    package var snapshot: Snapshot {
        var total: UInt64 = 0
        let totals = counters.map { counter in
            total += counter.value.load(ordering: .relaxed)
            return total
        }
        return Snapshot(
            buckets: Array(totals.dropLast()), count: total, sum: .nanoseconds(sum.load(ordering: .relaxed)))
    }
}

extension Duration {
    /// Never negative.
    fileprivate var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
    }
}
