import ArgumentParser
import LinuxSystem

struct StreamCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Send bytes to an echo server for a while, and check that every one comes back.",
        discussion: """
            Prints `streaming` with the server's line once connected, and the number of bytes at the end.
            Exit status 1 when the connection broke, or a byte came back wrong or not at all.
            """)

    @Argument(help: "tcp.")
    var transport: ClientProtocol

    @Argument(help: ArgumentHelp("The server.", valueName: "address:port"))
    var target: TargetArgument

    @Option(help: ArgumentHelp("How fast to send.", valueName: "n"))
    var bytesPerSecond = 1_000_000

    @Option(help: ArgumentHelp("How long to send.", valueName: "s"))
    var seconds = 1.0

    @Option(help: ArgumentHelp("How long nothing may come back.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(5))

    @OptionGroup var source: SourceOptions

    func validate() throws {
        if transport != .tcp { throw ValidationError("stream needs tcp") }
        if !(1...10_000_000_000).contains(bytesPerSecond) {
            throw ValidationError("--bytes-per-second must be 1 to 10000000000")
        }
        if !(seconds > 0 && seconds <= 86_400) { throw ValidationError("--seconds must be above 0, at most 86400") }
        try source.check(target.address)
    }

    func run() throws {
        do throws(ClientFailure) {
            let client = try EchoClient(.tcp, target.address, from: source.address, timeout: timeout.duration)
            printResult("streaming \(try client.readLine())")
            var transfer = EchoTransfer(bytesPerSecond: bytesPerSecond, seconds: seconds, timeout: timeout.duration)
            try transfer.run(client.socket)
            printResult("verified \(transfer.verified) bytes")
        } catch {
            printResult("failed: \(error)")
            throw ExitCode(1)
        }
    }
}
