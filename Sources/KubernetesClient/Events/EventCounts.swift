/// What became of events, since the start.
package struct EventCounts: Sendable, Hashable {
    /// Handed to the recorder.
    package var recorded = 0
    /// Requests the API server took.
    package var written = 0
    /// Not written, for its object has too many: a new one is forgotten, one of a series is counted with the next.
    package var limited = 0
    /// Forgotten because too many wait to be written.
    package var dropped = 0
    /// Given up: refused, or tried too often.
    package var failed = 0

    package init() {}
}
