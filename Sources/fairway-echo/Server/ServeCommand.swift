import ArgumentParser
import LinuxSystem

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer on the given ports (the default subcommand).",
        discussion: """
            TCP: one line `NAME local=ADDR:PORT client=ADDR:PORT` on connecting, then every byte comes back.
            UDP: `NAME local=ADDR:PORT client=ADDR:PORT PAYLOAD` for each datagram.
            HTTP: GET / answers the same as text, with the request's headers; GET /bytes?n=N sends N bytes;
            POST answers the body; GET /healthz; GET /readyz, which fails from SIGTERM on.
            """)

    @Option(help: "What it calls itself (default: the host's name).")
    var name: String?

    @Option(name: .customLong("tcp"), help: ArgumentHelp("Echo TCP here; repeatable.", valueName: "[ADDR:]PORT[-PORT]"))
    var tcp: [ListenArgument] = []

    @Option(name: .customLong("udp"), help: ArgumentHelp("Echo UDP here; repeatable.", valueName: "[ADDR:]PORT[-PORT]"))
    var udp: [ListenArgument] = []

    @Option(name: .customLong("http"), help: ArgumentHelp("Answer HTTP/1.1 here; repeatable.", valueName: "[ADDR:]PORT[-PORT]"))
    var http: [ListenArgument] = []

    @Option(help: ArgumentHelp("Wait before answering.", valueName: "duration"))
    var delay = DurationArgument(.zero)

    @Option(help: ArgumentHelp("Close a connection after N requests: HTTP requests, or lines over TCP.", valueName: "n"))
    var closeAfter: Int?

    @Option(help: ArgumentHelp("Pad UDP answers to N bytes.", valueName: "n"))
    var udpSize: Int?

    @Option(help: ArgumentHelp("On SIGTERM, go on accepting for this long, unready.", valueName: "duration"))
    var drain = DurationArgument(.zero)

    @Option(help: ArgumentHelp("Connections at a time; more are closed at once.", valueName: "n"))
    var maxConnections = 100_000

    func validate() throws {
        if tcp.isEmpty && udp.isEmpty && http.isEmpty {
            throw ValidationError("nothing to listen on: give --tcp, --udp or --http")
        }
        if let closeAfter, closeAfter < 1 { throw ValidationError("--close-after must be at least 1") }
        if let udpSize, !(1...65_507).contains(udpSize) {
            throw ValidationError("--udp-size must be 1 to 65507, what a datagram holds")
        }
        if maxConnections < 1 { throw ValidationError("--max-connections must be at least 1") }
        if let name, name.isEmpty || name.contains(where: \.isWhitespace) {
            throw ValidationError("--name must be one word")
        }
    }

    func run() throws {
        let settings = EchoSettings(
            name: try name ?? attempting("read the host's name") { () throws(Errno) in try hostName() },
            delay: delay.duration, closeAfter: closeAfter, udpSize: udpSize, drain: drain.duration,
            maximumConnections: maxConnections)
        do {
            let server = try EchoServer(settings)
            for argument in tcp { try server.listen(argument, .tcp) }
            for argument in udp { try server.listen(argument, .udp) }
            for argument in http { try server.listen(argument, .http) }
            try server.run()
        } catch let error as SystemError {
            throw EchoError("\(error)")
        } catch let error as Errno {
            throw EchoError("the event loop failed: \(error)")
        }
    }
}
