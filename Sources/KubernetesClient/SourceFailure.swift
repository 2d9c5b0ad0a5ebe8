/// How far a request came that failed.
package enum FailureStage: Sendable, Hashable {
    /// Nothing answered.
    case unanswered
    /// An answer had begun and broke off: up to then everything that was said came through.
    case cut
    /// Nothing came any more, for longer than a limit: since when nobody knows.
    case silent
}

/// An error of a ``ListWatching`` that says how far the request came.
///
/// Of errors that are none of these, those of a request count as unanswered and those of a watch as cut.
package protocol SourceFailure: Error {
    var stage: FailureStage { get }
}

extension Error {
    func stage(or other: FailureStage) -> FailureStage { (self as? any SourceFailure)?.stage ?? other }
}
