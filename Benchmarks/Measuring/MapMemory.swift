internal import FoundationEssentials

/// Kernel memory of the eBPF maps that processes hold.
package enum MapMemory {
    /// As the kernel counts it for each map (`memlock` in /proc/PID/fdinfo); a map with several descriptors counts once.
    ///
    /// - Parameter processes: words of /proc: numbers, or `self`.
    /// - Returns: nil where they hold none.
    package static func bytes(ofProcesses processes: [String]) -> Int? {
        var bytes: [Int: Int] = [:]
        for process in processes {
            let folder = "/proc/\(process)/fdinfo"
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                // The descriptor that lists the folder is gone by now.
                guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) else { continue }
                let fields = numbers(text)
                if let id = fields["map_id"], fields["map_type"] != nil { bytes[id] = fields["memlock"] ?? 0 }
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
