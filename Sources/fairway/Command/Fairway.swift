internal import ArgumentParser
internal import Glibc
internal import NodeConfiguration

/// The command line. Exit codes: 0 done, 1 what was asked failed, 2 the command line or the
/// configuration is wrong.
@main
struct Fairway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fairway",
        abstract: "Gives a Linux node its Kubernetes Services and their names.",
        version: Version.text,
        subcommands: [
            RunCommand.self, ControllerCommand.self, DNSCommand.self, CheckCommand.self, GetCommand.self, CleanupCommand.self,
        ])

    /// Those of `run` are written as kube-proxy's may be.
    private static var arguments: [String] {
        let given = CommandLine.arguments.dropFirst()
        guard let name = given.first, name == RunCommand.configuration.commandName else { return Array(given) }
        return [name] + FlagList(given.dropFirst()).arguments
    }

    static func main() async {
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            Output.error("fairway: \(failure.message)")
            Glibc.exit(failure.exitCode)
        } catch {
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            guard !code.isSuccess else {
                Output.line(message)
                Glibc.exit(0)
            }
            guard code == .validationFailure else {
                Output.error("fairway: \(error)")
                Glibc.exit(1)
            }
            // The parser adds the option's help and the usage; one line says enough.
            let fault = Self.message(for: error).split(whereSeparator: \.isNewline).first ?? "wrong command line"
            Output.error("fairway: \(fault) (see fairway --help)")
            Glibc.exit(2)
        }
    }
}

/// What ends the command with one line for the operator.
struct CommandFailure: Error {
    let exitCode: Int32
    let message: String

    /// What was asked could not be done.
    static func failed(_ message: String) -> CommandFailure { CommandFailure(exitCode: 1, message: message) }
    /// The command line or configuration is wrong.
    static func usage(_ message: String) -> CommandFailure { CommandFailure(exitCode: 2, message: message) }
}

enum Version {
    static let number = "0.1.0"
    static let text = "fairway \(number)"
}

/// Results go to standard output, everything else to standard error.
enum Output {
    static func line(_ text: String) { write(Array((text + "\n").utf8), to: STDOUT_FILENO) }
    static func error(_ text: String) { write(Array((text + "\n").utf8), to: STDERR_FILENO) }
    /// Whole lines, each with its end.
    static func error(lines: [UInt8]) { write(lines, to: STDERR_FILENO) }

    /// Writes all of it, or gives up when the reader has gone (a pipe to `head`).
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // SAFETY: the buffer is valid for the call and only read.
            let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                return
            }
            rest = rest.dropFirst(written)
        }
    }
}
