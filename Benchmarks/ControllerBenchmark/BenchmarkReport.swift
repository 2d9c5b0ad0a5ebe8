import FoundationEssentials

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

    /// - Precondition: there is at least one.
    init(_ durations: [Duration]) {
        let sorted = durations.sorted()
        func rank(_ percent: Int) -> Double {
            (sorted[max(0, (sorted.count * percent + 99) / 100 - 1)].inSeconds * 1_000_000).rounded() / 1000
        }
        p50 = rank(50)
        p99 = rank(99)
    }
}

extension Duration {
    /// Seconds, rounded to a microsecond's thousandth.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds / 1_000_000_000) / 1_000_000_000
    }
}

/// The memory of this process as the kernel counts it (proc_pid_status(5)), in megabytes of 2^20 bytes.
struct ProcessMemory {
    let residentMegabytes: Double
    let peakMegabytes: Double

    static func current() throws -> ProcessMemory {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        func megabytes(_ field: String) -> Double {
            let line = text.split(separator: "\n").first { $0.hasPrefix(field) } ?? ""
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Double($0) }
            return ((kilobytes ?? 0) / 1024 * 10).rounded() / 10
        }
        return ProcessMemory(residentMegabytes: megabytes("VmRSS:"), peakMegabytes: megabytes("VmHWM:"))
    }
}
