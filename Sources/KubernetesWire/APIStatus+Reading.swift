internal import FoundationEssentials

extension APIStatus {
    /// Bytes of an answer that is no Status, such as a proxy's page, that a message keeps.
    package static let textLimit = 1024

    /// Reads the body of a response that refuses: a Status as protobuf or JSON, or else text.
    ///
    /// - Parameters:
    ///   - httpStatus: stands where the body names no code.
    ///   - retryAfterSeconds: of the header `Retry-After`, which goes before what the body says.
    package init(httpStatus: Int, body: borrowing Span<UInt8>, retryAfterSeconds: Int? = nil) {
        var status = Self.protobuf(body) ?? Self.json(body) ?? APIStatus(code: httpStatus, message: Self.text(body))
        if status.code == 0 { status.code = httpStatus }
        if let retryAfterSeconds { status.retryAfterSeconds = retryAfterSeconds }
        self = status
    }

    private static func protobuf(_ body: borrowing Span<UInt8>) -> APIStatus? {
        guard Envelope.starts(body), let envelope = try? Envelope(body, in: 0..<body.count),
            envelope.kind == "Status" || envelope.kind.isEmpty
        else { return nil }
        return (try? MetaStatus(body.extracting(envelope.raw))).map { APIStatus($0) }
    }

    private static func json(_ body: borrowing Span<UInt8>) -> APIStatus? {
        guard !body.isEmpty, body[0] == UInt8(ascii: "{") else { return nil }
        let data = Data(copying: body)
        guard let read = try? JSONDecoder().decode(JSONStatus.self, from: data), read.isStatus else { return nil }
        return read.asError
    }

    private static func text(_ body: borrowing Span<UInt8>) -> String {
        var text = String(copying: body.extracting(0..<min(body.count, textLimit)))[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    init(_ message: MetaStatus) {
        self.init(
            code: Int(message.code), reason: message.reason, message: message.message,
            retryAfterSeconds: message.details.retryAfterSeconds > 0 ? Int(message.details.retryAfterSeconds) : nil)
    }
}

/// `metav1.Status` in JSON.
struct JSONStatus: Codable {
    struct Details: Codable {
        var retryAfterSeconds: Int?
    }

    var kind: String?
    var apiVersion: String?
    /// `Failure` or `Success`.
    var status: String?
    var message: String?
    var reason: String?
    var details: Details?
    var code: Int?

    var isStatus: Bool { kind == "Status" }

    init(writing status: APIStatus) {
        kind = "Status"
        apiVersion = "v1"
        self.status = status.succeeded ? "Success" : "Failure"
        message = status.message.isEmpty ? nil : status.message
        reason = status.reason.isEmpty ? nil : status.reason
        details = status.retryAfterSeconds.map { Details(retryAfterSeconds: $0) }
        code = status.code
    }

    /// The error this tells of.
    var asError: APIStatus {
        let seconds = details?.retryAfterSeconds ?? 0
        return APIStatus(
            code: code ?? 0, reason: reason ?? "", message: message ?? "",
            retryAfterSeconds: seconds > 0 ? seconds : nil)
    }
}

extension APIStatus {
    var succeeded: Bool { (200..<300).contains(code) }
}
