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

    @Option(help: ArgumentHelp("Begin so many tries a second, each on time; 0: one after the other.", valueName: "n"))
    var rate = 0

    @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(1))

    @OptionGroup var source: SourceOptions

    func validate() throws {
        if !(1...1_000_000).contains(count) { throw ValidationError("--count must be 1 to 1000000") }
        if !(0...100_000).contains(rate) { throw ValidationError("--rate must be 0 to 100000") }
        try source.check(target.address)
    }

    func run() throws {
        var hasFailed = false
        let start = ContinuousClock.now
        let pause = try Epoll()
        for index in 0..<count {
            if rate > 0 { try Self.wait(on: pause, until: start + .seconds(1) * index / rate) }
            do throws(ClientFailure) {
                let client = try EchoClient(
                    transport, target.address, from: source.address, timeout: timeout.duration)
                printResult(try transport == .tcp ? client.readLine() : client.ask("ping-\(index)"))
            } catch {
                hasFailed = true
                printResult(error.description)
            }
        }
        if hasFailed { throw ExitCode(1) }
    }

    /// An epoll with nothing in it: only the time can end the wait.
    private static func wait(on pause: borrowing Epoll, until time: ContinuousClock.Instant) throws {
        while true {
            let left = ContinuousClock.now.duration(to: time)
            if left <= .zero { return }
            _ = try pause.wait(timeout: left)
        }
    }
}
