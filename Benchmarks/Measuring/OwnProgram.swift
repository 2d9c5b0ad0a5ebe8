internal import LinuxSystem

/// This program again, as a process of its own in the same network namespace.
package enum OwnProgram {
    /// No measurement of one size takes longer.
    private static let timeout = Duration.seconds(1200)

    /// What it printed.
    package static func output(_ arguments: [String]) throws -> String {
        let output = try ProcessRequest(path: "/proc/self/exe", arguments: arguments).collectOutput(timeout: timeout)
        guard output.status.isSuccess else {
            throw MeasurementError(description: "\(arguments.joined(separator: " ")): \(output)")
        }
        return output.standardOutput
    }
}
