import CoreMetrics
import Synchronization

/// Which series a handler stands for, so that it can be destroyed again.
struct SeriesKey: Hashable, Sendable {
    let metric: String
    let labels: MetricLabels
}

/// A count that only grows, from integers and fractions alike.
final class CounterSeries: CounterHandler, FloatingPointCounterHandler, Sendable {
    let key: SeriesKey
    private let total = Mutex<Double>(0)

    init(key: SeriesKey) {
        self.key = key
    }

    var value: Double { total.withLock { $0 } }

    func increment(by amount: Int64) {
        increment(by: Double(amount))
    }

    /// Ignores what is not a positive finite number: a counter never falls (Prometheus data model).
    func increment(by amount: Double) {
        guard amount.isFinite, amount > 0 else { return }
        total.withLock { $0 += amount }
    }

    /// Takes over a total that something else counts, such as the kernel.
    func set(_ value: Double) {
        total.withLock { $0 = value }
    }

    func reset() {
        total.withLock { $0 = 0 }
    }
}

/// A value that goes up and down; the last one set is the one exposed.
final class GaugeSeries: RecorderHandler, MeterHandler, Sendable {
    let key: SeriesKey
    private let current = Mutex<Double>(0)

    init(key: SeriesKey) {
        self.key = key
    }

    var value: Double { current.withLock { $0 } }

    func set(_ value: Double) { current.withLock { $0 = value } }
    func set(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func record(_ value: Int64) { set(Double(value)) }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }
}

/// Observations counted by bucket; timers observe seconds.
final class HistogramSeries: RecorderHandler, TimerHandler, Sendable {
    struct Value: Sendable, Equatable {
        /// Observations of each bucket alone, the last being those above every bound.
        var counts: [UInt64]
        var sum: Double
    }

    let key: SeriesKey
    let bounds: [Double]
    private let state: Mutex<Value>

    init(key: SeriesKey, bounds: [Double]) {
        self.key = key
        self.bounds = bounds
        state = Mutex(Value(counts: Array(repeating: 0, count: bounds.count + 1), sum: 0))
    }

    var value: Value { state.withLock { $0 } }

    func record(_ value: Int64) {
        record(Double(value))
    }

    /// A bound is part of its bucket (`le`); NaN belongs to none and is ignored.
    func record(_ value: Double) {
        guard !value.isNaN else { return }
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        let bucket = low
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) {
        record(Double(duration) / 1e9)
    }

    /// Takes over what something else counts, with the same bounds.
    func set(_ value: Value) {
        precondition(value.counts.count == bounds.count + 1, "\(key.metric): buckets of another histogram")
        state.withLock { $0 = value }
    }
}

/// One series of any type, as a metric holds it.
enum MetricSeries: Sendable {
    case counter(CounterSeries)
    case gauge(GaugeSeries)
    case histogram(HistogramSeries)

    init(type: MetricType, key: SeriesKey, bounds: [Double]) {
        switch type {
        case .counter: self = .counter(CounterSeries(key: key))
        case .gauge: self = .gauge(GaugeSeries(key: key))
        case .histogram: self = .histogram(HistogramSeries(key: key, bounds: bounds))
        }
    }
}
