internal import NetworkTypes
internal import Observability

extension ListenAddress {
    /// - Throws: `CommandFailure` that names two flags whose pages would answer at the same address and port.
    static func requireDistinct(_ addresses: [ListenAddress?]) throws(CommandFailure) {
        let all = addresses.compactMap(\.self)
        for (index, address) in all.enumerated() {
            guard let other = all[..<index].first(where: { $0.overlaps(address) }) else { continue }
            throw .usage("\(other.flag) \(other.text) and \(address.flag) \(address.text) are the same address; give each its own port")
        }
    }

    /// The kernel would refuse the second of the two.
    private func overlaps(_ other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        return hosts.contains { host in
            other.hosts.contains { host == $0 || Self.isWildcard(host, for: $0) || Self.isWildcard($0, for: host) }
        }
    }

    private static func isWildcard(_ host: String, for other: String) -> Bool {
        guard let address = IPAddress(host), let other = IPAddress(other) else { return false }
        return address.isUnspecified && address.family == other.family
    }
}
