internal import KubernetesModel

/// The text of `endpoints.kubernetes.io/last-change-trigger-time`.
enum TriggerTime {
    /// RFC 3339 in UTC; nanoseconds without trailing zeros, and none when zero.
    static func text(_ time: Timestamp) -> String {
        let secondsADay: Int64 = 86_400
        var day = time.seconds / secondsADay
        var rest = time.seconds % secondsADay
        if rest < 0 {
            rest += secondsADay
            day -= 1
        }
        let (year, month, dayOfMonth) = civil(daysSinceEpoch: day)
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
        text += "T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
        if time.nanoseconds > 0 {
            var fraction = padded(Int64(time.nanoseconds), 9)
            while fraction.hasSuffix("0") { fraction.removeLast() }
            text += ".\(fraction)"
        }
        return text + "Z"
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01. Years are counted from March,
    /// so that the leap day is the last of its year.
    private static func civil(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let daysPerEra: Int64 = 146_097
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - daysPerEra + 1) / daysPerEra
        let dayOfEra = shifted - era * daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
