/// Spaces out demands of one kind: the first is due at once, one soon after another later and later, up
/// to a longest pause. After two pauses without any it begins anew.
struct DemandSpacing: Sendable, Hashable {
    private let first: Duration
    private let longest: Duration
    private var pause: Duration
    /// When the last demand was, or is, due.
    private var last: Duration?

    init(_ pauses: (first: Duration, longest: Duration)) {
        (first, longest) = pauses
        pause = first
    }

    /// When this demand is due; nil when one that is still to come does for it.
    mutating func demand(now: Duration) -> Duration? {
        guard let last, now < last + pause * 2 else {
            self.last = now
            pause = first
            return now
        }
        guard now >= last else { return nil }
        let due = max(now, last + pause)
        pause = min(pause * 2, longest)
        self.last = due
        return due
    }
}
