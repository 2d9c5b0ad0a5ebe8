internal import KubernetesClient
internal import KubernetesWire
internal import NetworkTypes

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
        return path + "?" + query.map { "\(PercentEncoding.encoded($0.name))=\(PercentEncoding.encoded($0.value))" }.joined(separator: "&")
    }
}

extension APIRequest {
    init(_ request: ListRequest, format: WireFormat) {
        self.init(
            path: request.resource.path(namespace: PercentEncoding.encoded(request.selection.namespace)),
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
            path: request.resource.path(namespace: PercentEncoding.encoded(request.selection.namespace)),
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
