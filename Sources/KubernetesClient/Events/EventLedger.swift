internal import KubernetesModel
internal import KubernetesWire

/// Which events were told lately, so that equal ones become a series, and which wait to be written. No I/O.
struct EventLedger: Sendable {
    /// What makes two events equal: all but the note, as in client-go.
    struct Key: Sendable, Hashable {
        var subject: ObjectReference
        var uid: String
        var type: APIEvent.Severity
        var reason: String
        var action: String
    }

    /// A request to make.
    enum Write: Sendable {
        case create(APIEvent)
        /// The event has this series now.
        case count(APIEvent, APIEvent.Series)
    }

    private struct Entry: Sendable {
        var event: APIEvent
        var seenAt: Duration
        var isPending = false
        /// It is in the API, as far as is known.
        var isWritten = false
    }

    /// Events remembered, and so also those that wait: while the API server is away they pile up here. At the limit one
    /// that waits for nothing is forgotten, and where all wait the new one is dropped.
    static let limit = 1000
    /// Objects whose rate is remembered; at the limit the one that was quiet longest starts anew.
    static let rateLimit = 1000
    /// An equal event within this time belongs to a series; client-go's.
    static let seriesGap = Duration.seconds(360)

    private var entries: [Key: Entry] = [:]
    private var waiting: [Key] = []
    private var rates: [ObjectReference: EventRate] = [:]
    private(set) var counts = EventCounts()

    var isEmpty: Bool { waiting.isEmpty }

    /// - Parameter make: the event, were it a new one.
    mutating func record(_ key: Key, now: Duration, time: Timestamp, make: () -> APIEvent) {
        counts.recorded += 1
        if let entry = entries[key], now - entry.seenAt < Self.seriesGap || entry.isPending {
            return countAgain(key, entry, now, time)
        }
        guard mayWrite(key.subject, now) else {
            counts.limited += 1
            return
        }
        entries[key] = nil
        guard makeRoom(now) else {
            counts.dropped += 1
            return
        }
        entries[key] = Entry(event: make(), seenAt: now, isPending: true)
        waiting.append(key)
    }

    private mutating func countAgain(_ key: Key, _ entry: Entry, _ now: Duration, _ time: Timestamp) {
        var entry = entry
        let count = (entry.event.series?.count ?? 1) &+ 1
        entry.event.series = APIEvent.Series(count: max(2, count), lastObservedTime: time)
        entry.seenAt = now
        if !entry.isPending {
            if mayWrite(key.subject, now) {
                entry.isPending = true
                waiting.append(key)
            } else {
                counts.limited += 1
            }
        }
        entries[key] = entry
    }

    /// The write that has waited longest.
    mutating func next() -> (key: Key, write: Write)? {
        guard !waiting.isEmpty else { return nil }
        let key = waiting.removeFirst()
        guard var entry = entries[key] else { return next() }
        entry.isPending = false
        entries[key] = entry
        if entry.isWritten, let series = entry.event.series { return (key, .count(entry.event, series)) }
        return (key, .create(entry.event))
    }

    /// The API server took it.
    mutating func written(_ key: Key) {
        counts.written += 1
        entries[key]?.isWritten = true
    }

    /// It is given up; the next equal event is a new one.
    mutating func failed(_ key: Key) {
        counts.failed += 1
        if entries[key]?.isPending == false { entries[key] = nil }
    }

    // MARK: Limits

    private mutating func makeRoom(_ now: Duration) -> Bool {
        guard entries.count >= Self.limit else { return true }
        entries = entries.filter { $0.value.isPending || now - $0.value.seenAt < Self.seriesGap }
        guard entries.count >= Self.limit else { return true }
        let oldest = entries.filter { !$0.value.isPending }.min { $0.value.seenAt < $1.value.seenAt }
        guard let oldest else { return false }
        entries[oldest.key] = nil
        return true
    }

    private mutating func mayWrite(_ subject: ObjectReference, _ now: Duration) -> Bool {
        if rates[subject] == nil, rates.count >= Self.rateLimit,
            let quietest = rates.min(by: { $0.value.usedAt < $1.value.usedAt })
        {
            rates[quietest.key] = nil
        }
        var rate = rates[subject] ?? EventRate(now: now)
        defer { rates[subject] = rate }
        return rate.take(now: now)
    }
}
