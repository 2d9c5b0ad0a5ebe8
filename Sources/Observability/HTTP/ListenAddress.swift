import NetworkTypes

/// An address to listen on, as a flag gave it.
package struct ListenAddress: Sendable, Equatable {
    /// The flag, such as `--healthz-bind-address`, for messages.
    package let flag: String
    package let text: String
    /// Addresses to try in turn: `:PORT` takes every IPv6 and IPv4 address, or IPv4 alone where the
    /// kernel has no IPv6.
    package let hosts: [String]
    /// 0 binds a free port.
    package let port: UInt16

    /// Parses `ADDR:PORT`, `[ADDR]:PORT` or `:PORT`; without a port only where there is a default one.
    ///
    /// - Returns: nil for an empty text, which turns the server off.
    /// - Throws: `invalidAddress`.
    package static func parse(
        _ text: String, flag: String, defaultPort: UInt16? = nil
    ) throws(ListenError) -> ListenAddress? {
        if text.isEmpty { return nil }
        func invalid(_ cause: String) -> ListenError {
            ListenError(code: .invalidAddress, flag: flag, value: text, cause: cause)
        }
        if let defaultPort, let bare = IPAddress(text) {
            return ListenAddress(flag: flag, text: text, hosts: [bare.description], port: defaultPort)
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw invalid("expected ADDR:PORT, [ADDR]:PORT or :PORT")
        }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits) else {
            throw invalid("\"\(digits)\" is no port (0 to 65535; 0 takes a free one)")
        }
        if host.isEmpty {
            return ListenAddress(flag: flag, text: text, hosts: ["::", "0.0.0.0"], port: port)
        }
        let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if bracketed { host = host.dropFirst().dropLast() }
        guard let address = IPAddress(host) else { throw invalid("\"\(host)\" is no IP address") }
        guard bracketed == (address.family == .ipv6) else {
            throw invalid("IPv6 addresses, and only they, are written in brackets")
        }
        return ListenAddress(flag: flag, text: text, hosts: [address.description], port: port)
    }
}

/// Where a server listens, with the port that 0 became.
package struct BoundAddress: Sendable, Equatable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
