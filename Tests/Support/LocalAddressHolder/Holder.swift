import Glibc
import LinuxSystem
import LocalAddress
import NetworkTypes

/// Holds local addresses as a daemon does, so that tests can kill it.
///
///     local-address-holder udp/10.96.0.10:53 tcp/10.96.0.10:53
///
/// Prints `local` once the addresses are there, `answering` after SIGUSR1, `ended` after SIGUSR2, and
/// `closed` after SIGTERM, and exits. Each frontend is `PROTOCOL/ADDRESS:PORT`.
@main
struct Holder {
    static func main() throws {
        let signals = try SignalDescriptor([SIGUSR1, SIGUSR2, SIGTERM])
        var frontends: Set<LocalFrontend> = []
        for word in CommandLine.arguments.dropFirst() {
            let parts = word.split(separator: "/", maxSplits: 1)
            guard parts.count == 2, let target = SocketAddress(String(parts[1])),
                let port = PortNumber(rawValue: target.port)
            else { throw HolderError(description: "no frontend: \(word)") }
            frontends.insert(LocalFrontend(target.address, parts[0] == "udp" ? .udp : .tcp, port))
        }
        var addresses = try LocalAddresses()
        for foreign in try addresses.set(frontends) { say("\(foreign)") }
        say("local")
        let epoll = try Epoll()
        try epoll.add(signals.rawValue, .readable, token: 0)
        while true {
            _ = try epoll.wait(timeout: .seconds(60))
            switch try signals.next() {
            case SIGUSR1:
                try addresses.beginAnswering()
                say("answering")
            case SIGUSR2:
                try addresses.endAnswering()
                say("ended")
            case SIGTERM:
                try addresses.close()
                return say("closed")
            default: continue
            }
        }
    }

    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}

struct HolderError: Error, CustomStringConvertible {
    let description: String
}
