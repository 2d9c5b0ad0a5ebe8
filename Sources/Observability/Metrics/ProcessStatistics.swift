import FoundationEssentials

/// What `/proc` says of this process, read when it is scraped.
package struct ProcessStatistics: Sendable, Equatable {
    /// VmRSS, in bytes.
    package var residentMemoryBytes: Double?
    /// User and system time, in seconds.
    package var cpuSeconds: Double?
    /// Seconds since 1970.
    package var startTimeSeconds: Double?
    package var openDescriptors: Double?

    /// USER_HZ, the unit of times in `/proc` (proc(5)): 100 on every architecture Linux has now.
    private static let ticksPerSecond = 100.0

    /// Reads what can be read; the rest stays nil.
    package static func current(procPath: String = "/proc") -> ProcessStatistics {
        var result = ProcessStatistics(
            status: read(procPath + "/self/status"), stat: read(procPath + "/self/stat"),
            systemStat: read(procPath + "/stat"))
        if let entries = try? FileManager.default.contentsOfDirectory(atPath: procPath + "/self/fd") {
            // The listing itself holds one descriptor open.
            result.openDescriptors = Double(max(0, entries.count - 1))
        }
        return result
    }

    /// Parses the texts of `/proc/self/status`, `/proc/self/stat` and `/proc/stat` (proc(5)).
    init(status: String, stat: String, systemStat: String) {
        if let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
        {
            residentMemoryBytes = Double(kilobytes).map { $0 * 1024 }
        }
        // The second field is the command in parentheses and may hold spaces and parentheses itself.
        guard let end = stat.lastIndex(of: ")") else { return }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 19 else { return }
        // Fields 14, 15 and 22 of proc(5), counted from 1; here the third one is at 0.
        if let user = Double(fields[11]), let system = Double(fields[12]) {
            cpuSeconds = (user + system) / Self.ticksPerSecond
        }
        if let boot = systemStat.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let bootSeconds = Double(boot.dropFirst("btime ".count)), let started = Double(fields[19])
        {
            startTimeSeconds = bootSeconds + started / Self.ticksPerSecond
        }
    }

    private static func read(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Sets the `process_*` metrics; give it to `PrometheusMetrics.onScrape`.
    package static func collect(into metrics: PrometheusMetrics) {
        let now = current()
        let values: [(String, Double?)] = [
            ("process_resident_memory_bytes", now.residentMemoryBytes),
            ("process_cpu_seconds_total", now.cpuSeconds),
            ("process_start_time_seconds", now.startTimeSeconds),
            ("process_open_fds", now.openDescriptors),
        ]
        for (name, value) in values {
            if let value { metrics.set(name, to: value) }
        }
    }
}
