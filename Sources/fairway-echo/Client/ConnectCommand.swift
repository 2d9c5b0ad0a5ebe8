import ArgumentParser
import LinuxSystem

struct ConnectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Ask an echo server who it is, and print a line for each try.",
        discussion: """
            Prints the server's line, or an error: refused, timeout, unreachable, reset, closed.
            Exit status 1 when any try failed.
            """)

    @Argument(help: "tcp or udp.")
    var transport: ClientProtocol

    @Argument(help: ArgumentHelp("The server.", valueName: "address:port"))
    var target: TargetArgument

    @Option(help: ArgumentHelp("How often, each time with a new socket.", valueName: "n"))
    var count = 1

    @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(1))

    @Option(help: ArgumentHelp("Where to connect from.", valueName: "address[:port]"))
    var bind: SourceArgument?

    func validate() throws {
        if !(1...1_000_000).contains(count) { throw ValidationError("--count must be 1 to 1000000") }
        if let bind, bind.address.family != target.address.family {
            throw ValidationError("--bind and the server's address are of different families")
        }
    }

    func run() throws {
        var hasFailed = false
        for index in 0..<count {
            do throws(ClientFailure) {
                let client = try EchoClient(
                    transport, target.address, from: bind?.address, timeout: timeout.duration)
                printResult(try transport == .tcp ? client.readLine() : client.ask("ping-\(index)"))
            } catch {
                hasFailed = true
                printResult(error.description)
            }
        }
        if hasFailed { throw ExitCode(1) }
    }
}
