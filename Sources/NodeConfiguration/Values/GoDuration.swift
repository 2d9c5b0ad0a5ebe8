/// Durations as Go spells them (time.ParseDuration, time.Duration.String): `1h30m`, `1.5s`, `100ms`, `-2m`, or a bare `0`.
package enum GoDuration {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("h", 3_600_000_000_000),
        ("m", 60_000_000_000), ("s", 1_000_000_000),
    ]

    /// Nil when it is not of that form, or beyond the 292 years that Go's nanoseconds hold.
    package static func parse(_ text: String) -> Duration? {
        var rest = text[...]
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest = rest.dropFirst() }
        if rest == "0" { return .zero }
        guard !rest.isEmpty else { return nil }
        var sum: Int64 = 0
        while !rest.isEmpty {
            guard let part = takePart(&rest) else { return nil }
            let (next, overflow) = sum.addingReportingOverflow(part)
            guard !overflow else { return nil }
            sum = next
        }
        return .nanoseconds(isNegative ? -sum : sum)
    }

    /// A number and its unit, in nanoseconds.
    private static func takePart(_ rest: inout Substring) -> Int64? {
        func digits() -> Substring {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            return digits
        }
        let whole = digits()
        var fraction: Substring = ""
        if rest.first == "." {
            rest = rest.dropFirst()
            fraction = digits()
        }
        guard !whole.isEmpty || !fraction.isEmpty, let number = whole.isEmpty ? 0 : Int64(whole),
            let unit = units.first(where: { rest.hasPrefix($0.name) })
        else { return nil }
        rest = rest.dropFirst(unit.name.count)
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
        let (result, isTooLong) = product.addingReportingOverflow(part(fraction, of: unit.nanoseconds))
        return overflow || isTooLong ? nil : result
    }

    /// The digits behind a point, cut where a nanosecond ends.
    private static func part(_ fraction: Substring, of unit: Int64) -> Int64 {
        // A nanosecond of an hour is its thirteenth digit; the product below stays within 63 bits to the sixth.
        let digits = fraction.prefix(6)
        guard let number = Int64(digits) else { return 0 }
        let scale = digits.reduce(Int64(1)) { scale, _ in scale * 10 }
        return unit / scale * number + unit % scale * number / scale
    }

    /// As Go prints it: `24h0m0s`, `1m30s`, `1.5s`, `100ms`, `0s`.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let total = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        if total == 0 { return "0s" }
        let sign = total < 0 ? "-" : ""
        let size = total.magnitude
        if size < 1000 { return "\(sign)\(size)ns" }
        if size < 1_000_000 { return sign + decimal(size, 1000) + "µs" }
        if size < 1_000_000_000 { return sign + decimal(size, 1_000_000) + "ms" }
        let minutes = size / 60_000_000_000
        let rest = decimal(size % 60_000_000_000, 1_000_000_000) + "s"
        if minutes == 0 { return sign + rest }
        return sign + (minutes >= 60 ? "\(minutes / 60)h" : "") + "\(minutes % 60)m" + rest
    }

    /// `number / unit` with as many digits behind the point as there are.
    private static func decimal(_ number: UInt64, _ unit: UInt64) -> String {
        var fraction = String(number % unit + unit).dropFirst()
        while fraction.last == "0" { fraction = fraction.dropLast() }
        return "\(number / unit)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}
