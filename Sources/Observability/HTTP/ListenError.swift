/// Why a server does not listen.
package struct ListenError: Error, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The flag's value is no address.
        case invalidAddress
        /// The kernel refused to bind; the errno when there is one.
        case bindFailed(errno: Int32?)
        /// Another daemon answers on the socket.
        case socketInUse
        /// The path names something that is no socket.
        case notASocket
        /// The socket's folder or mode could not be set.
        case fileSystem
    }

    package let code: Code
    /// The flag with its value, as the operator gave it.
    package let what: String
    package let cause: String

    package init(code: Code, flag: String, value: String, cause: String) {
        self.code = code
        what = "\(flag) \(value)"
        self.cause = cause
    }

    package var description: String { "\(what): \(cause)" }
}
