import Measuring

/// One measurement, as JSON for machines; units are in the names.
struct Row: Codable, Sendable {
    struct Percentiles: Codable, Sendable {
        var p50: Double
        var p99: Double

        /// Of samples in seconds, as milliseconds. Nearest rank.
        init(seconds samples: [Double]) {
            p50 = samples.percentile(0.5) * 1000
            p99 = samples.percentile(0.99) * 1000
        }
    }

    var services: Int
    var endpoints: Int
    var mode: String
    /// Until the dataplane knew what the kernel holds, before the snapshot: loading programs, in the ebpf mode.
    var openSeconds = 0.0
    var firstSyncSeconds: Double
    var changeMilliseconds: Percentiles
    var shrinkMilliseconds: Percentiles
    var growMilliseconds: Percentiles
    var addMilliseconds: Percentiles
    var removeMilliseconds: Percentiles
    /// A new process, `openSeconds` included.
    var restartSeconds: Double
    var residentMegabytes: Double
    var peakMegabytes: Double
    /// Kernel memory of the eBPF maps.
    var mapMegabytes: Double?
    var chains = 0
    var rules = 0
    /// Transactions the first sync took.
    var transactions: Int
}

/// The whole report.
struct Report: Codable, Sendable {
    var rows: [Row]
}
