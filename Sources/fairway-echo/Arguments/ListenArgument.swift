import ArgumentParser
import LinuxSystem
import NetworkTypes

/// `[ADDR:]PORT` or `[ADDR:]PORT-PORT`: where to listen. Without an address: every address, IPv4 and IPv6.
struct ListenArgument: ExpressibleByArgument {
    let address: IPAddress?
    let ports: ClosedRange<UInt16>

    /// A range of more ports is a typing mistake: each takes two descriptors.
    static let portLimit = 10_000

    init?(argument: String) {
        var portText = argument[...]
        var address: IPAddress?
        if let colon = argument.lastIndex(of: ":") {
            var host = argument[..<colon]
            if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            guard let parsed = IPAddress(host) else { return nil }
            address = parsed
            portText = argument[argument.index(after: colon)...]
        }
        let bounds = portText.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard (1...2).contains(bounds.count), let first = bounds[0], let last = bounds[bounds.count - 1],
            first <= last, Int(last - first) < ListenArgument.portLimit, first != 0 || last == 0
        else { return nil }
        self.address = address
        ports = first...last
    }

    /// The addresses to bind, IPv4 first.
    var socketAddresses: [SocketAddress] {
        let addresses = address.map { [$0] } ?? [IPAddress(v4: 0), IPAddress(bits: 0, family: .ipv6)]
        return ports.flatMap { port in addresses.map { SocketAddress($0, port: port) } }
    }
}
