import ArgumentParser
import LinuxSystem
import NetworkTypes

/// Where a client connects from.
struct SourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where to connect from.", valueName: "address[:port]"))
    var bind: SourceArgument?

    var address: SocketAddress? { bind?.address }

    func check(_ target: SocketAddress) throws {
        if let bind, bind.address.family != target.family {
            throw ValidationError("--bind and the server's address are of different families")
        }
    }
}
