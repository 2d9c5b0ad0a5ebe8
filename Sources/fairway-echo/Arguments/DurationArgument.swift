import ArgumentParser
import LinuxSystem
import NetworkTypes

/// A time such as `250ms`, `1.5s`, `2m`; a bare number counts seconds.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)]
        guard let unit = units.first(where: { argument.hasSuffix($0.suffix) }),
            let value = Double(argument.dropLast(unit.suffix.count)), value >= 0, value * unit.seconds <= 86_400
        else { return nil }
        duration = .microseconds(Int64(value * unit.seconds * 1_000_000))
    }

    var defaultValueDescription: String { duration == .zero ? "0s" : "\(duration)" }
}

/// `ADDR:PORT`, the address of a server: `192.0.2.1:80`, `[2001:db8::1]:80`.
struct TargetArgument: ExpressibleByArgument {
    let address: SocketAddress

    init?(argument: String) {
        guard let address = SocketAddress(argument), address.port != 0 else { return nil }
        self.address = address
    }
}

/// `ADDR[:PORT]`, where to connect from.
struct SourceArgument: ExpressibleByArgument {
    let address: SocketAddress

    init?(argument: String) {
        if let address = IPAddress(argument) {
            self.address = SocketAddress(address, port: 0)
        } else if let address = SocketAddress(argument) {
            self.address = address
        } else {
            return nil
        }
    }
}

enum ClientProtocol: String, ExpressibleByArgument, CaseIterable {
    case tcp, udp
}
