import FoundationEssentials
import LinuxSystem
import Measuring

/// What one run measured. The unit is the last word of each name.
struct BenchmarkRow: Encodable {
    let pods: Int
    let services: Int
    let largestServicePods: Int
    let slices: Int
    let firstSlicesSeconds: Double
    let relabelMilliseconds: Percentiles
    let notReadyMilliseconds: Percentiles
    let residentAfterFirstMegabytes: Double
    let residentMegabytes: Double
    let peakMegabytes: Double
}

/// The report of a run, as JSON for programs and as a table for people.
struct BenchmarkReport: Encodable {
    let rows: [BenchmarkRow]

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    func table() -> String {
        rows.map { row in
            """
            pods, Services, slices         \(row.pods), \(row.services), \(row.slices)
            pods of the largest Service    \(row.largestServicePods)
            first slices                   \(row.firstSlicesSeconds) s
            one pod relabelled, p50 / p99  \(row.relabelMilliseconds.p50) / \(row.relabelMilliseconds.p99) ms
            one pod not ready, p50 / p99   \(row.notReadyMilliseconds.p50) / \(row.notReadyMilliseconds.p99) ms
            resident first / end / peak    \(row.residentAfterFirstMegabytes) / \(row.residentMegabytes) / \(row.peakMegabytes) MB
            """
        }.joined(separator: "\n\n")
    }
}

/// Two percentiles in milliseconds, by nearest rank.
struct Percentiles: Encodable {
    let p50: Double
    let p99: Double

    init(_ durations: [Duration]) {
        let seconds = durations.map(\.inSeconds)
        p50 = (seconds.percentile(0.5) * 1_000_000).rounded() / 1000
        p99 = (seconds.percentile(0.99) * 1_000_000).rounded() / 1000
    }
}

extension ResidentMemory {
    var currentMegabytes: Double { Self.megabytes(currentBytes) }
    var peakMegabytes: Double { Self.megabytes(peakBytes) }

    /// Of 2^20 bytes, one digit.
    private static func megabytes(_ bytes: Int) -> Double { (Double(bytes) / 1_048_576 * 10).rounded() / 10 }
}
