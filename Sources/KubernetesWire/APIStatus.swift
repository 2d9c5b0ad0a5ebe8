/// `metav1.Status`: why the API server did not do what it was asked.
package struct APIStatus: Error, Sendable, Hashable, CustomStringConvertible {
    /// The HTTP status.
    package var code: Int
    /// `NotFound`, `AlreadyExists`, `Conflict`, `Expired`, `Forbidden`...; empty where the body was no Status.
    package var reason: String
    package var message: String
    /// Of `Retry-After` or `details.retryAfterSeconds`; nil: not said.
    package var retryAfterSeconds: Int?

    package init(code: Int, reason: String = "", message: String = "", retryAfterSeconds: Int? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The version asked for is too old, or the next page's token is: list anew.
    package var isExpired: Bool { code == 410 || reason == "Expired" || reason == "Gone" }
    /// Somebody changed the object meanwhile.
    package var isConflict: Bool { code == 409 && reason != "AlreadyExists" }
    package var alreadyExists: Bool { code == 409 && reason == "AlreadyExists" }
    package var isNotFound: Bool { code == 404 }

    package var description: String {
        let head = reason.isEmpty ? "HTTP \(code)" : "\(reason) (\(code))"
        return message.isEmpty ? head : "\(head): \(message)"
    }
}
