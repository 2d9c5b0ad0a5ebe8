import Synchronization

/// All metrics of the process: the swift-metrics backend, and their text for Prometheus.
///
/// A series lives from its first use until it is destroyed or replaced. Metrics of the catalogue have
/// fixed types and label names; a series that contradicts them is not kept, and neither is one past a
/// limit. Both are counted in `fairway_metrics_series_dropped_total`, and whoever asked for such a
/// series gets one that works and is not exposed.
package final class PrometheusMetrics: Sendable {
    /// What keeps a mistaken label from eating the memory of the node.
    package enum Limits {
        /// Series of one metric: enough for a label of some hundred object kinds, far below a label
        /// that names every Service.
        package static let seriesPerMetric = 512
        /// Metrics by name: the catalogue and as many again from libraries, with room to grow.
        package static let metrics = 256
        /// Functions run before each scrape.
        package static let collectors = 64
    }

    static let droppedSeriesMetric = "fairway_metrics_series_dropped_total"
    /// The `metric` label of series dropped because there are too many metrics.
    static let anyOtherMetric = "other"

    struct Family: Sendable {
        let description: MetricDescription
        var series: [MetricLabels: MetricSeries] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var dropped: [String: Double] = [:]
        var collectors: [@Sendable (PrometheusMetrics) -> Void] = []
    }

    private let state: Mutex<State>
    private let catalog: [String: MetricDescription]
    private let seriesPerMetric: Int

    /// - Parameter seriesPerMetric: the limit of series of one metric.
    package init(
        catalog: [MetricDescription] = MetricCatalog.all, seriesPerMetric: Int = Limits.seriesPerMetric
    ) {
        self.catalog = Dictionary(catalog.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.seriesPerMetric = seriesPerMetric
        var state = State()
        for description in catalog {
            var family = Family(description: description)
            if description.labels.isEmpty {
                // A metric without labels is there from the start, at 0, so that rate() has a first point.
                let labels = MetricLabels([])
                family.series[labels] = MetricSeries(
                    type: description.type, key: SeriesKey(metric: description.name, labels: labels),
                    bounds: description.buckets)
            }
            state.families[description.name] = family
        }
        self.state = Mutex(state)
    }

    /// Runs `collect` before every scrape, to set what is only worth reading then.
    ///
    /// - Precondition: at most `Limits.collectors` of them.
    package func onScrape(_ collect: @escaping @Sendable (PrometheusMetrics) -> Void) {
        state.withLock {
            precondition($0.collectors.count < Limits.collectors, "too many collectors")
            $0.collectors.append(collect)
        }
    }

    /// Sets a gauge, or a counter whose total something else counts; a metric outside the catalogue
    /// becomes a gauge.
    package func set(_ metric: String, _ labels: [(String, String)] = [], to value: Double) {
        switch series(metric, labels, accepting: [.gauge, .counter]) {
        case .gauge(let gauge): gauge.set(value)
        case .counter(let counter): counter.set(value)
        case .histogram: break
        }
    }

    /// Sets a histogram that something else counts.
    ///
    /// - Precondition: `counts` has a count for each bucket of the catalogue's description and one for what is above.
    package func setHistogram(_ metric: String, _ labels: [(String, String)], counts: [UInt64], sum: Double) {
        guard case .histogram(let histogram) = series(metric, labels, accepting: [.histogram]) else { return }
        histogram.set(HistogramSeries.Value(counts: counts, sum: sum))
    }

    /// Makes `values` the only series of a gauge, for labels whose values come and go.
    package func replace(_ metric: String, with values: [(labels: [(String, String)], value: Double)]) {
        let name = ExpositionWriter.metricName(metric)
        state.withLock { $0.families[name]?.series.removeAll() }
        for (labels, value) in values { set(metric, labels, to: value) }
    }

    /// Collects, then writes every series in the text format 0.0.4.
    package func exposition() -> String {
        let collectors = state.withLock { $0.collectors }
        for collect in collectors { collect(self) }
        var (families, dropped) = state.withLock { ($0.families, $0.dropped) }
        if let description = families[Self.droppedSeriesMetric]?.description {
            var family = Family(description: description)
            for (metric, count) in dropped {
                let labels = MetricLabels([("metric", metric)])
                let counter = CounterSeries(key: SeriesKey(metric: description.name, labels: labels))
                counter.set(count)
                family.series[labels] = .counter(counter)
            }
            families[Self.droppedSeriesMetric] = family
        }
        var writer = ExpositionWriter()
        for name in families.keys.sorted() {
            if let family = families[name] { writer.write(family) }
        }
        return writer.text
    }

    /// Finds or makes a series; `types` are those the caller can use, the first being what an
    /// uncatalogued metric becomes.
    func series(_ metric: String, _ labels: [(String, String)], accepting types: [MetricType]) -> MetricSeries {
        let name = ExpositionWriter.metricName(metric)
        let labels = MetricLabels(labels.map { (ExpositionWriter.labelName($0.0), $0.1) })
        let key = SeriesKey(metric: name, labels: labels)
        return state.withLock { state in
            let known = catalog[name] ?? state.families[name]?.description
            let description = known ?? Self.uncatalogued(name, type: types[0])
            func drop(_ name: String, as type: MetricType) -> MetricSeries {
                state.dropped[name, default: 0] += 1
                let bounds = description.buckets.isEmpty ? MetricCatalog.defaultBuckets : description.buckets
                return MetricSeries(type: type, key: key, bounds: bounds)
            }
            guard types.contains(description.type) else { return drop(name, as: types[0]) }
            if catalog[name] != nil, labels.names != description.labels.sorted() {
                return drop(name, as: description.type)
            }
            if let existing = state.families[name]?.series[labels] { return existing }
            guard known != nil || state.families.count < Limits.metrics else {
                return drop(Self.anyOtherMetric, as: description.type)
            }
            guard state.families[name]?.series.count ?? 0 < seriesPerMetric else {
                return drop(name, as: description.type)
            }
            let made = MetricSeries(type: description.type, key: key, bounds: description.buckets)
            state.families[name, default: Family(description: description)].series[labels] = made
            return made
        }
    }

    /// Forgets a series; its handler goes on working, unseen.
    func remove(_ key: SeriesKey) {
        state.withLock { _ = $0.families[key.metric]?.series.removeValue(forKey: key.labels) }
    }

    private static func uncatalogued(_ name: String, type: MetricType) -> MetricDescription {
        MetricDescription(
            name, type, buckets: type == .histogram ? MetricCatalog.defaultBuckets : [], help: "")
    }
}
