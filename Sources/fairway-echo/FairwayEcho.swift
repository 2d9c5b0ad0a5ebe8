import ArgumentParser

/// The pod of demos, tests and benchmarks: echoes, and says who it is and whom it sees.
@main
struct FairwayEcho: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fairway-echo",
        abstract: "A TCP, UDP and HTTP echo server that names itself, and a client for it.",
        subcommands: [ServeCommand.self, ConnectCommand.self, StreamCommand.self],
        defaultSubcommand: ServeCommand.self)

    /// Exit status 2 says that the command line is wrong, 1 that what it asked for failed.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as EchoError {
            printError("fairway-echo: \(error)")
            exitProcess(1)
        } catch let error where exitCode(for: error) == .success {
            exit(withError: error)
        } catch let code as ExitCode {
            exitProcess(code.rawValue)
        } catch {
            let line = message(for: error).split(separator: "\n").first.map { String($0) } ?? "\(error)"
            printError("fairway-echo: \(line) (see fairway-echo --help)")
            exitProcess(2)
        }
    }
}
