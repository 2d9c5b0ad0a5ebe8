internal import NetworkTypes

/// The nameservers of a file in the form of resolv.conf(5).
///
/// `nameserver` lines count, in their order and without repetition; `search`, `domain`, `options` and what is not known
/// concern the node's own lookups and are passed over, as kubelet passes them over for a pod of policy ClusterFirst.
/// Comments begin a line with `#` or `;`. An address may carry `%interface`, and a port as systemd writes it
/// (`[fd00::1]:5353`, `10.0.0.1:5353`).
public struct ResolvConf: Sendable, Hashable {
    /// At most `nameserverLimit`.
    public var nameservers: [UpstreamAddress]
    /// What was left out, a line each: nameservers beyond the limit.
    public var warnings: [String]

    /// Nameservers that count: CoreDNS takes up to 15 of its `forward`, glibc and kubelet 3.
    public static let nameserverLimit = 15
    /// Bytes of a file at most; larger is no resolv.conf.
    public static let byteLimit = 1 << 20

    /// Parses a file's text. A file without a nameserver means the server of the node itself, 127.0.0.1, as glibc
    /// takes it and kubelet writes it; where that is this server's own address, `ForwarderConfiguration` leaves it out.
    ///
    /// - Parameter path: for messages.
    /// - Throws: naming file and line, for a `nameserver` without an address.
    public init(_ text: some StringProtocol, path: String) throws(ResolvConfError) {
        var nameservers: [UpstreamAddress] = []
        var warnings: [String] = []
        guard text.utf8.count <= Self.byteLimit else {
            throw ResolvConfError(path: path, line: 1, cause: "longer than \(Self.byteLimit) bytes")
        }
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let keyword = words.first, keyword == "nameserver" else { continue }
            guard words.count > 1, words[1].first != "#", words[1].first != ";" else {
                throw ResolvConfError(path: path, line: index + 1, cause: "write nameserver ADDRESS")
            }
            let upstream: UpstreamAddress
            do { upstream = try UpstreamAddress(words[1]) } catch {
                throw ResolvConfError(path: path, line: index + 1, cause: error.description)
            }
            if nameservers.contains(upstream) { continue }
            guard nameservers.count < Self.nameserverLimit else {
                warnings.append("\(path):\(index + 1): \(upstream) is left out: \(Self.nameserverLimit) nameservers count")
                continue
            }
            nameservers.append(upstream)
        }
        self.nameservers = nameservers.isEmpty ? [UpstreamAddress(IPAddress(v4: 0x7F00_0001))] : nameservers
        self.warnings = warnings
    }
}

/// A line of resolv.conf that cannot be meant.
public struct ResolvConfError: Error, Sendable, Hashable, CustomStringConvertible {
    public let path: String
    /// From 1.
    public let line: Int
    public let cause: String

    public var description: String { "\(path):\(line): \(cause)" }
}
