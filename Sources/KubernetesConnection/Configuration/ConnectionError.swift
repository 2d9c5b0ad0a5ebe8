package import KubernetesClient

/// Why there is no connection to the API server, or no answer from it: one line an operator can act on.
///
/// What the server itself says is an `APIStatus`, not this.
package struct ConnectionError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// A setting, or a file that a setting names, is wrong. Trying again helps only once it was put right.
        case configuration
        /// Credentials could not be had: a token file, an exec plugin.
        case credentials
        /// TLS was not agreed upon, or the server's certificate is not trusted.
        case certificate
        /// No connection, or one that broke before an answer.
        case unreachable
        /// The connection was closed before an answer, be it because of another request on it.
        case closed
        /// A connection that broke in the middle of an answer.
        case cut
        /// Nothing came in time.
        case timedOut
        /// An answer that is none of the Kubernetes API, or larger than its limit.
        case answer
    }

    package let code: Code
    /// Begins with the place: file and field of a setting, the server's URL otherwise.
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

extension ConnectionError: SourceFailure {
    package var stage: FailureStage {
        switch code {
        case .cut: .cut
        case .timedOut: .silent
        case .configuration, .credentials, .certificate, .unreachable, .closed, .answer: .unanswered
        }
    }

    /// The same of an answer that had begun.
    var inAnswer: ConnectionError {
        code == .unreachable || code == .closed ? ConnectionError(.cut, description) : self
    }
}

/// The file and the field a setting stands in: `kubeconfig /etc/kubeconfig: users[node].user.token`.
struct FieldOrigin: Sendable, Hashable, CustomStringConvertible {
    /// `kubeconfig /etc/kubeconfig`, `service account`.
    let document: String
    let field: String

    var description: String { "\(document): \(field)" }

    func fault(_ message: String, _ code: ConnectionError.Code = .configuration) -> ConnectionError {
        ConnectionError(code, "\(self): \(message)")
    }
}
