import Glibc
import NIOCore

/// Why `fairway get` has no answer from the daemon.
package struct AdminClientError: Error, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// Nothing listens at the path, or it may not be opened.
        case unreachable
        /// The daemon listened and then did not answer, or not to the end.
        case noAnswer
        /// The answer is larger than the limit.
        case answerTooLarge
    }

    package let code: Code
    package let description: String
}

/// Asks the daemon of this node over its admin socket.
package struct AdminClient: Sendable {
    package enum Limits {
        /// Bytes of an answer: some ten times the table of 100,000 Services, printed as JSON.
        package static let bodyBytes = 1 << 30
        /// Silence after which the daemon counts as hung.
        package static let readTimeout = Duration.seconds(60)
    }

    private let path: String
    private let advice: String
    private let readTimeout: Duration

    /// - Parameter advice: what to look at when nothing listens at the path.
    package init(path: String, advice: String = "is 'fairway run' running?", readTimeout: Duration = Limits.readTimeout) {
        self.path = path
        self.advice = advice
        self.readTimeout = readTimeout
    }

    /// Gets a page such as `/v1/services?format=json`; the daemon's refusals come back as a status.
    package func get(_ target: String) async throws(AdminClientError) -> (status: Int, body: [UInt8]) {
        do {
            let get = HTTPGet(
                address: try SocketAddress(unixDomainSocketPath: path),
                readTimeout: TimeAmount(readTimeout), maximumBodyBytes: Limits.bodyBytes)
            let reply = try await get(target)
            return (reply.status, reply.body)
        } catch {
            throw clientError(error)
        }
    }

    private func clientError(_ error: any Error) -> AdminClientError {
        switch error {
        case HTTPGet.Failure.tooLarge:
            AdminClientError(
                code: .answerTooLarge,
                description: "the daemon at \(path) answered with more than \(Limits.bodyBytes) bytes")
        case HTTPGet.Failure.timedOut:
            AdminClientError(
                code: .noAnswer,
                description: "the daemon at \(path) sent nothing for \(readTimeout): it may be hung, see its log")
        case let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM:
            AdminClientError(
                code: .unreachable,
                description: "cannot reach the daemon at \(path): \(reason(error)): try as the user it runs as")
        case let error as IOError where error.errnoCode != ECONNRESET && error.errnoCode != EPIPE:
            AdminClientError(
                code: .unreachable,
                description: "cannot reach the daemon at \(path): \(reason(error)): \(advice)")
        case is SocketAddressError:
            AdminClientError(
                code: .unreachable,
                description: "cannot reach the daemon at \(path): the path is too long for a socket")
        default:
            AdminClientError(
                code: .noAnswer,
                description: "the daemon at \(path) broke off its answer: \(error)")
        }
    }
}
