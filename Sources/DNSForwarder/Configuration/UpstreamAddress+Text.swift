internal import NetworkTypes

/// A text that names no upstream; the description says what to write instead.
public struct UpstreamSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was given.
    public let text: String
    public let cause: String

    public var description: String { "\"\(text)\": \(cause)" }
}

extension UpstreamAddress {
    private static let forms = "write ADDR, ADDR:PORT, [IPV6]:PORT or tls://ADDR[:PORT][#SERVER-NAME]"

    /// Parses `ADDR[:PORT]`, `[IPV6][:PORT]` or `tls://ADDR[:PORT][#SERVER-NAME]`; a bare IPv6 address needs no brackets.
    ///
    /// - Throws: with the form to write.
    public init(_ text: some StringProtocol) throws(UpstreamSyntaxError) {
        func fault(_ cause: String) -> UpstreamSyntaxError { UpstreamSyntaxError(text: String(text), cause: cause) }
        var rest = text[...]
        var transport = Transport.udp
        if let scheme = rest.range(ofScheme: "://") {
            guard rest[..<scheme].lowercased() == "tls" else {
                throw fault("the scheme \(rest[..<scheme])://is not known; \(Self.forms)")
            }
            rest = rest[scheme...].dropFirst(3)
            var name: String?
            if let hash = rest.firstIndex(of: "#") {
                let given = String(rest[rest.index(after: hash)...])
                guard Self.isHostName(given) else {
                    throw fault("\"\(given)\" is no host name; write tls://ADDR#dns.example.net")
                }
                name = given
                rest = rest[..<hash]
            }
            transport = .tls(serverName: name)
        } else if rest.contains("#") {
            throw fault("a server name belongs to TLS; write tls://ADDR#dns.example.net")
        }
        let (host, port) = try Self.split(rest, fault: fault)
        let (address, scope) = try Self.address(host, fault: fault)
        let standard = transport == .udp ? Self.defaultPort : Self.defaultTLSPort
        self.init(address, scope: scope, port: port ?? standard, transport: transport)
    }

    private static func split<Text: StringProtocol>(
        _ text: Text, fault: (String) -> UpstreamSyntaxError
    ) throws(UpstreamSyntaxError) -> (host: Text.SubSequence, port: PortNumber?) {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { throw fault("the bracket is not closed; \(forms)") }
            let host = text[text.index(after: text.startIndex)..<close]
            let tail = text[text.index(after: close)...]
            if tail.isEmpty { return (host, nil) }
            guard tail.first == ":" else { throw fault("\"\(tail)\" follows the bracket; \(forms)") }
            return (host, try parsePort(tail.dropFirst(), fault: fault))
        }
        guard let colon = text.firstIndex(of: ":"), text[text.index(after: colon)...].firstIndex(of: ":") == nil else {
            return (text[...], nil)
        }
        return (text[..<colon], try parsePort(text[text.index(after: colon)...], fault: fault))
    }

    private static func parsePort(
        _ digits: some StringProtocol, fault: (String) -> UpstreamSyntaxError
    ) throws(UpstreamSyntaxError) -> PortNumber {
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = UInt16(digits), let port = PortNumber(rawValue: value)
        else { throw fault("\"\(digits)\" is no port; write 1 to 65535") }
        return port
    }

    private static func address(
        _ host: some StringProtocol, fault: (String) -> UpstreamSyntaxError
    ) throws(UpstreamSyntaxError) -> (IPAddress, scope: String?) {
        guard !host.isEmpty else { throw fault("there is no address; \(forms)") }
        let percent = host.firstIndex(of: "%")
        let scope = percent.map { String(host[host.index(after: $0)...]) }
        guard let address = IPAddress(host[..<(percent ?? host.endIndex)]) else {
            throw fault("\"\(host)\" is no IP address; \(forms)")
        }
        guard !address.isUnspecified, !address.isMulticast else {
            throw fault("\(address) is no address of a server; \(forms)")
        }
        if let scope {
            guard address.family == .ipv6, !scope.isEmpty, scope.utf8.count <= interfaceNameLimit else {
                throw fault("an interface follows only an IPv6 address, such as fe80::1%eth0")
            }
        }
        return (address, scope)
    }

    /// Bytes of an interface's name at most (IFNAMSIZ without the final zero).
    private static let interfaceNameLimit = 15

    /// A name that a certificate can carry: labels of letters, digits and hyphens.
    private static func isHostName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253 && labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
                        || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: "-")
                        || byte == UInt8(ascii: "_")
                }
        } && IPAddress(text) == nil
    }
}

extension StringProtocol {
    /// Where `separator` begins; nil without one.
    fileprivate func range(ofScheme separator: String) -> Index? {
        indices.first { self[$0...].hasPrefix(separator) }
    }
}
