/// What the server answers instead of what it was asked for: a `Status` of failure.
package struct APIFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The HTTP status.
    package var code: Int
    package var reason: String
    package var message: String
    /// Of `Retry-After` and `details.retryAfterSeconds`.
    package var retryAfterSeconds: Int?
    /// `details` but for `retryAfterSeconds`.
    package var details: JSON?
    /// Of an expired page: where the rest of the list can be had, at another version.
    package var continueToken = ""

    package init(code: Int, reason: String, message: String, retryAfterSeconds: Int? = nil, details: JSON? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
        self.details = details
    }

    package var description: String { "\(reason) (\(code)): \(message)" }

    /// `metav1.Status`.
    package var status: JSON {
        var status: JSON = [
            "kind": "Status", "apiVersion": "v1", "metadata": continueToken.isEmpty ? [:] : ["continue": .string(continueToken)],
            "status": "Failure", "message": .string(message),
        ]
        if !reason.isEmpty { status["reason"] = .string(reason) }
        var details = details
        if let retryAfterSeconds {
            details = details ?? .emptyObject
            details?["retryAfterSeconds"] = .integer(Int64(retryAfterSeconds))
        }
        if let details { status["details"] = details }
        status["code"] = .integer(Int64(code))
        return status
    }
}

extension APIFailure {
    package static func badRequest(_ message: String) -> APIFailure {
        APIFailure(code: 400, reason: "BadRequest", message: message)
    }

    package static func notFound(_ type: ResourceType, _ name: String) -> APIFailure {
        APIFailure(
            code: 404, reason: "NotFound", message: "\(type) \"\(name)\" not found", details: details(type, name))
    }

    package static let noSuchPath = APIFailure(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])

    package static func alreadyExists(_ type: ResourceType, _ name: String) -> APIFailure {
        APIFailure(
            code: 409, reason: "AlreadyExists", message: "\(type) \"\(name)\" already exists", details: details(type, name))
    }

    package static func conflict(_ type: ResourceType, _ name: String, _ why: String? = nil) -> APIFailure {
        let why =
            why ?? "the object has been modified; please apply your changes to the latest version and try again"
        return APIFailure(
            code: 409, reason: "Conflict", message: "Operation cannot be fulfilled on \(type) \"\(name)\": \(why)",
            details: details(type, name))
    }

    /// - Parameter faults: field, what is wrong with it, and the reason as a cause has it.
    package static func invalid(_ type: ResourceType, _ name: String, _ faults: [FieldFault]) -> APIFailure {
        let texts = faults.map { "\($0.field): \($0.message)" }
        var details: JSON = ["name": .string(name), "kind": .string(type.kind)]
        if !type.group.isEmpty { details["group"] = .string(type.group) }
        details["causes"] = .array(
            faults.map {
                ["reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field)]
            })
        let head = type.group.isEmpty ? type.kind : "\(type.kind).\(type.group)"
        return APIFailure(
            code: 422, reason: "Invalid",
            message: "\(head) \"\(name)\" is invalid: \(texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]")",
            details: details)
    }

    package static func expired(_ message: String) -> APIFailure { APIFailure(code: 410, reason: "Expired", message: message) }

    static func tooLarge(_ version: UInt64, current: UInt64) -> APIFailure {
        APIFailure(
            code: 504, reason: "Timeout",
            message: "Timeout: Too large resource version: \(version), current: \(current)", retryAfterSeconds: 1,
            details: ["causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]]])
    }

    private static func details(_ type: ResourceType, _ name: String) -> JSON {
        var details: JSON = ["name": .string(name)]
        if !type.group.isEmpty { details["group"] = .string(type.group) }
        details["kind"] = .string(type.plural)
        return details
    }
}

/// What is wrong with a field of an object that was sent.
package struct FieldFault: Sendable, Hashable {
    /// `spec.clusterIP`.
    package var field: String
    package var message: String

    package init(_ field: String, _ message: String) {
        self.field = field
        self.message = message
    }

    /// As causes of a Status name it.
    var reason: String {
        let known: [(String, String)] = [
            ("Required value", "FieldValueRequired"), ("Duplicate value", "FieldValueDuplicate"),
            ("Forbidden", "FieldValueForbidden"), ("Unsupported value", "FieldValueNotSupported"),
            ("Too many", "FieldValueTooMany"), ("Too long", "FieldValueTooLong"),
        ]
        return known.first { message.hasPrefix($0.0) }?.1 ?? "FieldValueInvalid"
    }
}
