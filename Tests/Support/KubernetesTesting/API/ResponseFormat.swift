/// How an answer is written.
enum ResponseFormat: Sendable, Hashable {
    case json
    case protobuf
    /// What kubectl prints, in JSON.
    case table

    var contentType: String { self == .protobuf ? "application/vnd.kubernetes.protobuf" : "application/json" }
    var watchContentType: String {
        self == .protobuf ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/json"
    }

    /// The first of `Accept` that the server has for a resource.
    ///
    /// - Throws: ``APIFailure`` 406.
    init(accept: String, _ type: ResourceType, hasProtobuf: Bool) throws {
        let ranges = accept.isEmpty ? ["*/*"] : accept.split(separator: ",").map { String($0) }
        for range in ranges {
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " } }
            let mediaType = parts.first ?? ""
            if parts.contains("as=Table") {
                if mediaType == "application/json", parts.contains("v=v1") {
                    self = .table
                    return
                }
                continue
            }
            if parts.contains(where: { $0.hasPrefix("as=") }) { continue }
            switch mediaType {
            case "application/json", "*/*", "application/*":
                self = .json
                return
            case "application/vnd.kubernetes.protobuf" where hasProtobuf && ProtobufSchema.has(type):
                self = .protobuf
                return
            default: continue
            }
        }
        throw APIFailure(
            code: 406, reason: "NotAcceptable",
            message: "406: Not Acceptable\n\nAvailable representations: application/json, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
            details: [:])
    }
}
