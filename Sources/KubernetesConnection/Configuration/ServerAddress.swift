/// The URL of an API server or proxy, taken apart.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    package var scheme: String
    /// User information before an `@`, percent-encoded as it was written; empty: none.
    var userInformation: String
    /// Without the brackets of an IPv6 address.
    package var host: String
    package var port: Int
    /// A prefix of all paths, without a slash at its end; empty as a rule.
    package var path: String

    package var isSecure: Bool { scheme == "https" }

    /// `host:port`, with brackets around an IPv6 address.
    package var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// Without user information: it is a secret.
    package var description: String { "\(scheme)://\(authority)\(path)" }

    /// - Parameter defaultScheme: for an address without one, such as `10.0.0.1:8080`.
    init(_ text: String, defaultScheme: String, ports: [String: Int], origin: FieldOrigin) throws(ConnectionError) {
        func fault(_ why: String) -> ConnectionError {
            origin.fault("Invalid value: \"\(text)\": \(why); write it as \(ports.keys.sorted().last ?? "https")://HOST:PORT")
        }
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw fault(text.isEmpty ? "no address" : "a URL has no blanks, control characters or letters beyond ASCII")
        }
        var rest = text[...]
        if let separator = text.range(of: "://") {
            scheme = text[..<separator.lowerBound].lowercased()
            rest = text[separator.upperBound...]
        } else {
            scheme = defaultScheme
        }
        guard let defaultPort = ports[scheme] else {
            throw fault("the scheme must be one of \(ports.keys.sorted().joined(separator: ", "))")
        }
        guard !rest.contains("?"), !rest.contains("#") else { throw fault("a query or fragment has no meaning here") }
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        var path = String(rest[end...])
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        var authority = rest[..<end]
        userInformation = ""
        if let at = authority.lastIndex(of: "@") {
            userInformation = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        let hostEnd: Substring.Index
        if authority.hasPrefix("["), let bracket = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<bracket])
            hostEnd = authority.index(after: bracket)
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<hostEnd])
        }
        guard !host.isEmpty, !host.contains("[") else { throw fault("no host") }
        let tail = authority[hostEnd...]
        guard !tail.isEmpty else {
            port = defaultPort
            return
        }
        guard tail.hasPrefix(":"), let number = UInt16(tail.dropFirst()), number > 0 else {
            throw fault("\"\(tail.drop { $0 == ":" })\" is no port between 1 and 65535")
        }
        port = Int(number)
    }
}

extension String {
    /// The first place at which `text` occurs.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
