import FoundationEssentials
import Glibc
import NetworkNamespaceTesting

/// A way that is ready; `stop` leaves nothing of it.
struct RunningWay {
    /// Of the daemon or the proxy.
    var processes: [RunningProcess] = []
    var cleanup: (@Sendable () async throws -> Void)?

    func stop() async throws {
        for process in processes { process.terminate() }
        for process in processes { _ = try await process.waitForExit() }
        try await cleanup?()
    }

    /// Time on processors so far, of all threads, in user and in kernel mode; in steps of a clock tick (10 ms).
    func processorSeconds() throws -> Double {
        var ticks = 0
        for process in processes {
            let text = try String(contentsOfFile: "/proc/\(process.pid)/stat", encoding: .utf8)
            // proc(5): the name in parentheses may hold anything; utime and stime are the 12th and 13th field after it.
            let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
            guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else {
                throw MeasurementError(description: "/proc/\(process.pid)/stat is not as proc(5) has it: \(text)")
            }
            ticks += user + system
        }
        return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Kernel memory of the eBPF maps that the processes hold; nil when they hold none.
    func mapBytes() -> Int? {
        var bytes: [Int: Int] = [:]
        for process in processes {
            let folder = "/proc/\(process.pid)/fdinfo"
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) else { continue }
                let fields = Self.numbers(text)
                if fields["map_type"] != nil, let id = fields["map_id"] { bytes[id] = fields["memlock"] ?? 0 }
            }
        }
        return bytes.isEmpty ? nil : bytes.values.reduce(0, +)
    }

    /// Lines of `name:\tnumber`.
    private static func numbers(_ text: String) -> [String: Int] {
        var numbers: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":")
            guard parts.count == 2, let value = Int(parts[1].drop { $0 == "\t" || $0 == " " }) else { continue }
            numbers[String(parts[0])] = value
        }
        return numbers
    }
}
