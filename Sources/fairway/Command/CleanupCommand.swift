internal import ArgumentParser
internal import Dataplane

/// Removes what Fairway put into the kernel.
struct CleanupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cleanup", abstract: "Removes everything Fairway put into the kernel, and nothing else.")

    func run() throws { try Self.removeEverything() }

    static func removeEverything() throws {
        do throws(DataplaneError) {
            var removed: [String] = []
            for mode in DataplaneModes.all { removed += try mode.removeState() }
            Output.line(removed.isEmpty ? "nothing to remove" : removed.map { "removed \($0)" }.joined(separator: "\n"))
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }
}
