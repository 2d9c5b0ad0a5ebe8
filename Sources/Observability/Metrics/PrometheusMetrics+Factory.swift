package import CoreMetrics

/// Counters become counters, gauges and meters become gauges, recorders and timers become histograms;
/// timers observe seconds.
extension PrometheusMetrics: MetricsFactory {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    /// The catalogue decides between gauge and histogram; outside it, `aggregate` does.
    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        switch series(label, dimensions, accepting: aggregate ? [.histogram, .gauge] : [.gauge, .histogram]) {
        case .gauge(let gauge): gauge
        case .histogram(let histogram): histogram
        case .counter: preconditionFailure("series() returned a type that was not accepted")
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        guard case .histogram(let histogram) = series(label, dimensions, accepting: [.histogram]) else {
            preconditionFailure("series() returned a type that was not accepted")
        }
        return histogram
    }

    package func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries {
        guard case .counter(let counter) = series(label, dimensions, accepting: [.counter]) else {
            preconditionFailure("series() returned a type that was not accepted")
        }
        return counter
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        guard case .gauge(let gauge) = series(label, dimensions, accepting: [.gauge]) else {
            preconditionFailure("series() returned a type that was not accepted")
        }
        return gauge
    }

    private func destroy(_ handler: AnyObject) {
        switch handler {
        case let counter as CounterSeries: remove(counter.key)
        case let gauge as GaugeSeries: remove(gauge.key)
        case let histogram as HistogramSeries: remove(histogram.key)
        default: break  // made by another factory
        }
    }
}
