internal import KubernetesClient
internal import KubernetesModel
internal import Logging

/// What reflectors tell, in lines for people.
struct APINoticeLog: Sendable {
    let logger: Logger

    func tell(_ notice: ReflectorNotice, _ kind: ObjectKind) {
        switch notice {
        case .failed(let reason, true, let delay):
            logger.warning("\(kind.rawValue): \(reason)", metadata: ["retryIn": "\(delay.roundedText)"])
        case .unreadable(let fault): logger.error("\(kind.rawValue) passed over: \(fault)")
        case .withoutStreams(let reason): logger.info("\(kind.rawValue): read in pages, \(reason)")
        case .expired: logger.info("\(kind.rawValue): what was known is too old for the server, listed anew")
        default: logger.debug("\(kind.rawValue): \(notice)")
        }
    }
}

extension Duration {
    /// Seconds with one digit: `0.9s`.
    var roundedText: String {
        let tenths = (components.seconds * 10) + components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)s"
    }
}
