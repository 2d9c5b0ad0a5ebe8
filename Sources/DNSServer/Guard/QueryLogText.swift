internal import DNSWire
internal import NetworkTypes

/// Lines of the query log.
struct QueryLogText {
    /// The same moment by both clocks.
    let wallClock: Duration
    let instant: ContinuousClock.Instant

    func text(of contents: QueryLogLane.Contents) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(contents.entries.count * 128)
        var names = contents.names[...]
        for entry in contents.entries {
            let name = names.prefix(entry.nameLength)
            names = names.dropFirst(entry.nameLength)
            text += line(entry, name: Array(name)).utf8
        }
        if contents.dropped > 0 { text += "\(Self.time(wallClock)) dropped \(contents.dropped)\n".utf8 }
        return text
    }

    func line(_ entry: QueryLogEntry, name: [UInt8]) -> String {
        let fields = [
            Self.time(wallClock - (instant - entry.instant)), "\(entry.client)", entry.transport == .udp ? "udp" : "tcp",
            DomainName(wire: name)?.description ?? "-", entry.type?.description ?? "-", entry.responseCode.description,
            String(entry.byteCount), String(Int((max(entry.duration, .zero) / .microseconds(1)).rounded())),
        ]
        return fields.joined(separator: " ") + "\n"
    }

    /// RFC 3339, UTC, with microseconds.
    static func time(_ sinceEpoch: Duration) -> String {
        let (seconds, attoseconds) = max(sinceEpoch, .zero).components
        let (year, month, day) = date(days: Int(seconds / 86_400))
        let second = Int(seconds % 86_400)
        let clock = [second / 3600, second / 60 % 60, second % 60].map { padded($0, 2) }.joined(separator: ":")
        let micro = Int(attoseconds / 1_000_000_000_000)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(clock).\(padded(micro, 6))Z"
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }

    /// The Gregorian date of a day since 1970-01-01.
    private static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        // Years that begin on 1 March end with the leap day: 400 of them have 146 097 days, in months of the same lengths.
        let shifted = days + 719_468
        let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, day)
    }
}
