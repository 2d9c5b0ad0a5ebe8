internal import FoundationEssentials
internal import LinuxSystem

/// Programs of the system that are asked for what of the kernel nothing here speaks to itself: tables of the old iptables,
/// sets of ipset, IPVS.
struct SystemTools: Sendable {
    /// A program did not do what it was asked for.
    struct Failure: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    /// Bytes that a program is given at once: what a pipe holds.
    static let inputLimitBytes = 60_000
    /// A large table takes the old iptables some seconds.
    private static let timeLimit = Duration.seconds(120)
    /// Where they are, whatever PATH a service manager or a container sets.
    private static let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"]

    /// Whether there is a program of this name.
    let has: @Sendable (_ name: String) -> Bool
    /// What a program prints when it is given this input.
    let run: @Sendable (_ name: String, _ arguments: [String], _ input: String) throws(Failure) -> String

    /// Those of this machine.
    static let installed = SystemTools(
        has: { path(of: $0) != nil },
        run: { name, arguments, input throws(Failure) in try output(of: name, arguments, input) })

    private static func path(of name: String) -> String? {
        let own = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (own.split(separator: ":").map(String.init) + folders).map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static func output(of name: String, _ arguments: [String], _ input: String) throws(Failure) -> String {
        guard let path = path(of: name) else { throw Failure(description: "\(name) is not installed") }
        let output: ProcessOutput
        do {
            output = try ProcessRequest(path: path, arguments: arguments)
                .collectOutput(input: Array(input.utf8), timeout: timeLimit)
        } catch {
            throw Failure(description: "\(name): \(error)")
        }
        guard output.status.isSuccess else {
            let said = output.standardError.split(separator: "\n").first.map { ": \($0)" } ?? ""
            throw Failure(description: "\(([name] + arguments).joined(separator: " "))\(said)\(output.isTimedOut ? " (out of time)" : "")")
        }
        return output.standardOutput
    }

    /// Lines in portions that fit.
    static func portions(_ lines: [String]) -> [[String]] {
        var portions: [[String]] = []
        var (current, bytes): ([String], Int) = ([], 0)
        for line in lines {
            if bytes + line.utf8.count + 1 > inputLimitBytes {
                portions.append(current)
                (current, bytes) = ([], 0)
            }
            current.append(line)
            bytes += line.utf8.count + 1
        }
        return current.isEmpty ? portions : portions + [current]
    }
}
