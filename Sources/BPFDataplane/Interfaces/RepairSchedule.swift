/// When to look again at interfaces that lost a filter: at once, and later each time that somebody goes on removing ours, so
/// that two programs that fight over an interface do not spin. No I/O, no clock.
///
/// Of each interface by itself; as large as the number of them.
struct RepairSchedule: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Between two looks at one interface.
    static let leastSpacing = Duration.seconds(1)
    /// The spacing doubles with every repair that follows the one before within twice of it, up to this. What is lost
    /// meanwhile is put right by a full synchronisation, should that come first.
    static let mostSpacing = Duration.seconds(64)

    private struct Look {
        var last: Instant
        var spacing: Duration
    }

    private var asked: Set<UInt32> = []
    private var looks: [UInt32: Look] = [:]

    /// They lost something.
    mutating func ask(_ indexes: Set<UInt32>) { asked.formUnion(indexes) }

    /// They are gone.
    mutating func forget(_ indexes: Set<UInt32>) {
        asked.subtract(indexes)
        for index in indexes { looks[index] = nil }
    }

    /// How long until some are due; nil when none are asked for.
    func wait(from now: Instant) -> Duration? {
        asked.map { max(.zero, now.duration(to: due($0) ?? now)) }.min()
    }

    /// Those that are due: they are not asked for any more.
    mutating func takeDue(at now: Instant) -> Set<UInt32> {
        let ready = asked.filter { (due($0) ?? now) <= now }
        asked.subtract(ready)
        return ready
    }

    /// - Parameter repaired: those that ours were missing from.
    mutating func looked(at indexes: Set<UInt32>, repaired: Set<UInt32>, at now: Instant) {
        for index in indexes {
            var spacing = Self.leastSpacing
            if let look = looks[index], now - look.last <= look.spacing * 2 {
                spacing = repaired.contains(index) ? min(look.spacing * 2, Self.mostSpacing) : look.spacing
            }
            looks[index] = Look(last: now, spacing: spacing)
        }
    }

    private func due(_ index: UInt32) -> Instant? { looks[index].map { $0.last + $0.spacing } }
}
