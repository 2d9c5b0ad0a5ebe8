/// Durations as Go's flags spell them: `1h30m`, `45s`, `500ms`, or a bare `0`.
package enum DurationText {
    private static let units: [(name: String, length: Duration)] = [
        ("ms", .milliseconds(1)), ("h", .seconds(3600)), ("m", .seconds(60)), ("s", .seconds(1)),
    ]

    /// Nil for what is none, is negative, or has a fraction of a second.
    package static func seconds(_ text: String) -> Int? {
        guard let duration = parse(text), duration.components.attoseconds == 0 else { return nil }
        return Int(duration.components.seconds)
    }

    /// Whole numbers of units; nil when it is not of that form, or beyond ten years.
    static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var rest = text[...]
        var sum = Duration.zero
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            guard let number = Int(digits), number <= 315_360_000,
                let unit = units.first(where: { rest.hasPrefix($0.name) })
            else { return nil }
            rest = rest.dropFirst(unit.name.count)
            sum += unit.length * number
        }
        return sum
    }
}
