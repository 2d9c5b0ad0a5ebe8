internal import KubernetesClient
internal import KubernetesWire

/// One request as it will be on the wire, without credentials and host.
struct APIRequest: Sendable {
    enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE" }

    var method: Method = .get
    /// `/api/v1/pods`.
    var path: String
    /// Names and values as they are meant; they are encoded on the way.
    var query: [(name: String, value: String)] = []
    var accept: String
    /// Empty: no body.
    var contentType = ""
    var body: [UInt8] = []
    /// Bytes of an answer that is taken.
    var answerLimitBytes = Self.objectLimitBytes

    /// etcd takes no object beyond 1.5 MiB; as JSON with its managed fields it is larger.
    static let objectLimitBytes = 16 << 20
    /// A server of before paged lists from its cache sends all objects in one: 100 000 pods are 200 MB as protobuf.
    /// Beyond, the list fails and says so.
    static let listLimitBytes = 1 << 30

    /// Path and query, percent-encoded.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined(separator: "&")
    }
}

extension APIRequest {
    init(_ request: ListRequest, format: WireFormat) {
        self.init(
            path: request.resource.path(namespace: percentEncoded(request.selection.namespace)),
            accept: Self.accept(format, of: \.mediaType), answerLimitBytes: Self.listLimitBytes)
        if request.limit > 0 { query.append(("limit", String(request.limit))) }
        if !request.continueToken.isEmpty { query.append(("continue", request.continueToken)) }
        // A continued list is at the version of its first page; naming one besides is refused.
        if let version = request.resourceVersion, request.continueToken.isEmpty {
            query.append(("resourceVersion", version))
        }
        select(request.selection)
    }

    init(_ request: WatchRequest, format: WireFormat) {
        self.init(
            path: request.resource.path(namespace: percentEncoded(request.selection.namespace)),
            accept: Self.accept(format, of: \.watchMediaType))
        query = [("watch", "true"), ("allowWatchBookmarks", "true")]
        switch request.start {
        case .after(let version): query.append(("resourceVersion", version))
        case .initialEvents:
            query.append(("sendInitialEvents", "true"))
            query.append(("resourceVersionMatch", "NotOlderThan"))
        }
        query.append(("timeoutSeconds", String(request.timeoutSeconds)))
        select(request.selection)
    }

    private mutating func select(_ selection: Selection) {
        if !selection.labels.isEmpty { query.append(("labelSelector", selection.labels)) }
        if !selection.fields.isEmpty { query.append(("fieldSelector", selection.fields)) }
    }

    private static func accept(_ format: WireFormat, of type: (WireFormat) -> String) -> String {
        format == .json ? type(.json) : "\(type(format)),\(type(.json))"
    }
}

/// The text that was percent-encoded; what is no such encoding stays as it is.
func percentDecoded(_ text: some StringProtocol) -> String {
    var decoded: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2,
            let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
        {
            decoded.append(value)
            rest = rest.dropFirst(2)
        } else {
            decoded.append(byte)
        }
    }
    return String(decoding: decoded, as: UTF8.self)
}

/// RFC 3986: everything but unreserved characters as `%XX`, so that a value is one path segment or query value.
func percentEncoded(_ text: String) -> String {
    var encoded: [UInt8] = []
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            encoded.append(byte)
        default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}
