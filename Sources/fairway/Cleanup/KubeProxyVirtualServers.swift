internal import NetworkTypes

/// Virtual servers of IPVS that kube-proxy made, among those that `ipvsadm --save --numeric` prints.
///
/// They are told by their places: at an address of kube-proxy's own interface, in one of its sets, or a NodePort at an
/// address of the node. Those of others, such as keepalived's, stay.
struct KubeProxyVirtualServers: Hashable {
    /// Lines for `ipvsadm --restore`.
    private(set) var deletions: [String] = []
    /// Servers that stay.
    private(set) var others = 0

    /// - Parameters:
    ///   - own: addresses of kube-proxy's interface.
    ///   - host: addresses of the node.
    init(saved: String, own: Set<IPAddress>, host: Set<IPAddress>, sets: KubeProxySets) {
        for line in saved.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2, words[0] == "-A" else { continue }
            guard let transport = Self.protocols[words[1]], let (address, port) = Self.place(words[2]) else {
                others += 1
                continue
            }
            let isOwn =
                own.contains(address)
                || sets.servers.contains(.init(address: address, protocol: transport, port: port))
                || (host.contains(address) && sets.nodePorts.contains(.init(protocol: transport, port: port)))
            if isOwn { deletions.append("-D \(words[1]) \(words[2])") } else { others += 1 }
        }
    }

    private static let protocols: [Substring: TransportProtocol] = ["-t": .tcp, "-u": .udp, "--sctp-service": .sctp]

    /// `10.96.0.1:443`, `[fd00::1]:443`.
    private static func place(_ text: Substring) -> (IPAddress, UInt16)? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return IPAddress(host).map { ($0, port) }
    }
}
