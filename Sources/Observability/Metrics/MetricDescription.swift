/// The Prometheus types that Fairway exposes.
package enum MetricType: String, Sendable {
    case counter, gauge, histogram
}

/// What is known of a metric before its first sample: one row of `MetricCatalog`.
package struct MetricDescription: Sendable, Equatable {
    package let name: String
    package let help: String
    package let type: MetricType
    /// The label names every series of it carries, in any order.
    package let labels: [String]
    /// Upper bounds of a histogram, ascending, in the unit of the name; `+Inf` is implied.
    package let buckets: [Double]

    /// - Precondition: a histogram has buckets, strictly ascending and finite; nothing else has any.
    package init(
        _ name: String, _ type: MetricType, labels: [String] = [], buckets: [Double] = [], help: String
    ) {
        precondition((type == .histogram) == !buckets.isEmpty, "\(name): buckets belong to histograms")
        precondition(zip(buckets, buckets.dropFirst()).allSatisfy(<), "\(name): buckets must ascend")
        precondition(buckets.allSatisfy(\.isFinite), "\(name): +Inf is implied")
        self.name = name
        self.help = help
        self.type = type
        self.labels = labels
        self.buckets = buckets
    }
}

/// Label names and values of one series, ordered by name.
struct MetricLabels: Hashable, Sendable {
    let names: [String]
    let values: [String]

    init(_ pairs: [(String, String)]) {
        let sorted = pairs.sorted { $0.0 < $1.0 }
        names = sorted.map(\.0)
        values = sorted.map(\.1)
    }
}

extension MetricLabels: Comparable {
    static func < (a: MetricLabels, b: MetricLabels) -> Bool {
        a.values == b.values
            ? a.names.lexicographicallyPrecedes(b.names) : a.values.lexicographicallyPrecedes(b.values)
    }
}
