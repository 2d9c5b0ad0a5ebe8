internal import FoundationEssentials
internal import Glibc

/// Time of a process on processors.
package enum ProcessorTime {
    /// So far, of all its threads, in user and in kernel mode; in steps of a clock tick (10 ms).
    package static func seconds(ofProcess pid: Int32) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // proc(5): the name in parentheses may hold anything; utime and stime are the 12th and 13th field after it.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else {
            throw MeasurementError(description: "/proc/\(pid)/stat is not as proc(5) has it: \(text)")
        }
        return Double(user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
