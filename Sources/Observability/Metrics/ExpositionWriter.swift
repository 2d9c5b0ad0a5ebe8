/// Writes metrics in Prometheus' text exposition format 0.0.4: metrics by name, series by labels, so
/// that two scrapes of the same state are equal byte for byte.
struct ExpositionWriter {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// Writes HELP, TYPE and the series; a metric without series is left out.
    mutating func write(_ family: PrometheusMetrics.Family) {
        guard !family.series.isEmpty else { return }
        let metric = family.description
        if !metric.help.isEmpty {
            text += "# HELP \(metric.name) \(Self.escapedHelp(metric.help))\n"
        }
        text += "# TYPE \(metric.name) \(metric.type.rawValue)\n"
        for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
            switch series {
            case .counter(let counter): sample(metric.name, labels, counter.value)
            case .gauge(let gauge): sample(metric.name, labels, gauge.value)
            case .histogram(let histogram): write(histogram, of: metric.name, labels)
            }
        }
    }

    private mutating func write(_ histogram: HistogramSeries, of metric: String, _ labels: MetricLabels) {
        let value = histogram.value
        var total: UInt64 = 0
        for (bound, count) in zip(histogram.bounds + [.infinity], value.counts) {
            total += count
            sample(metric + "_bucket", labels, bound: bound, Double(total))
        }
        sample(metric + "_sum", labels, value.sum)
        sample(metric + "_count", labels, Double(total))
    }

    private mutating func sample(
        _ name: String, _ labels: MetricLabels, bound: Double? = nil, _ value: Double
    ) {
        var pairs = zip(labels.names, labels.values).map { "\($0)=\"\(Self.escapedLabelValue($1))\"" }
        if let bound { pairs.append("le=\"\(Self.number(bound))\"") }
        text += pairs.isEmpty ? name : "\(name){\(pairs.joined(separator: ","))}"
        text += " \(Self.number(value))\n"
    }

    /// As Go prints floats: whole numbers without a point, infinities with a sign.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return value.description
    }

    static func escapedHelp(_ text: String) -> String {
        escaped(text, quotes: false)
    }

    static func escapedLabelValue(_ text: String) -> String {
        escaped(text, quotes: true)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// `text` with what a metric name may not hold replaced by `_`: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    static func metricName(_ text: String) -> String {
        name(text, allowingColon: true)
    }

    /// `text` with what a label name may not hold replaced by `_`: `[a-zA-Z_][a-zA-Z0-9_]*`.
    static func labelName(_ text: String) -> String {
        name(text, allowingColon: false)
    }

    private static func name(_ text: String, allowingColon: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case ":" where allowingColon: result.unicodeScalars.append(scalar)
            case "0"..."9":
                if result.isEmpty { result = "_" }
                result.unicodeScalars.append(scalar)
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }
}
