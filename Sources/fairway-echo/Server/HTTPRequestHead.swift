/// The request line and headers of an HTTP/1.x request (RFC 9112).
struct HTTPRequestHead {
    let method: String
    let path: String
    /// Of `?key=value&...`; nothing is percent-decoded, for nothing here needs it.
    let query: [String: String]
    let headers: [(name: String, value: String)]
    let isVersion11: Bool

    /// Where a head ends in `bytes`, just behind its empty line; nil when it is not all there.
    static func end(in bytes: [UInt8]) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        guard bytes.count >= end.count else { return nil }
        for index in 3..<bytes.count where bytes[index] == UInt8(ascii: "\n") {
            if bytes[(index - 3)...index].elementsEqual(end) { return index + 1 }
        }
        return nil
    }

    /// nil for anything that is no HTTP/1.0 or 1.1 request.
    init?(_ bytes: some Collection<UInt8>) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let parts = (lines.first ?? "").split(separator: " ")
        guard parts.count == 3, parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0" else { return nil }
        method = String(parts[0])
        let target = parts[1].split(separator: "?", maxSplits: 1)
        path = target.first.map { String($0) } ?? "/"
        var query: [String: String] = [:]
        for pair in target.dropFirst().first?.split(separator: "&") ?? [] {
            let sides = pair.split(separator: "=", maxSplits: 1)
            if let key = sides.first { query[String(key)] = sides.count > 1 ? String(sides[1]) : "" }
        }
        self.query = query
        isVersion11 = parts[2] == "HTTP/1.1"
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append((String(line[..<colon]), String(value)))
        }
        self.headers = headers
    }

    func value(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    /// The length of the body; nil when it is not given as a plain number (RFC 9112 section 6).
    var contentLength: Int? {
        guard value("transfer-encoding") == nil else { return nil }
        guard let text = value("content-length") else { return 0 }
        guard let length = Int(text), length >= 0 else { return nil }
        return length
    }

    /// Whether the client wants to send another request on this connection.
    var keepsAlive: Bool {
        let option = value("connection")?.lowercased()
        return isVersion11 ? option != "close" : option == "keep-alive"
    }
}
