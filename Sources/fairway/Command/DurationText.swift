internal import NodeConfiguration

/// Durations as Go's flags spell them: `1h30m`, `45s`, `500ms`, or a bare `0`.
package enum DurationText {
    /// Nil for what is none, is negative, or has a fraction of a second.
    package static func seconds(_ text: String) -> Int? {
        guard let duration = parse(text), duration.components.attoseconds == 0 else { return nil }
        return Int(duration.components.seconds)
    }

    /// Nil when it is not of that form, is negative, or beyond ten years.
    static func parse(_ text: String) -> Duration? {
        guard let duration = GoDuration.parse(text), (.zero ... .seconds(315_360_000)).contains(duration) else { return nil }
        return duration
    }
}
