/// Makes room in the connection table before it is full. Decisions only.
enum Eviction {
    /// The share of the table that may be used, in percent.
    static let usedPercent = 90
    /// What is aimed at when more is used.
    static let wantedPercent = 80
    /// Entries of one connection: forward and reply, and when it is masqueraded two in between. How many a table holds of
    /// which kind nobody counts; the greater number makes room too early and never too late.
    static let entriesPerConnection = 4

    /// Connections to be given up together.
    struct Step: Sendable, Hashable {
        /// Idle for so long at least.
        var idleMilliseconds: UInt64
        /// So many at most.
        var count: UInt64
        /// Established TCP stays.
        var sparesEstablished: Bool
    }

    /// What is to be given up, so that the table comes down to what is wanted: what is no established TCP first, for its
    /// client loses least, each kind by idle time. None when there is room.
    ///
    /// - Parameters:
    ///   - others: connections by idle time: the first is less than two milliseconds, each further one up to twice the
    ///     time of the one before.
    ///   - established: those of established TCP.
    static func steps(others: [UInt64], established: [UInt64], maxEntries: Int) -> [Step] {
        let used = others.reduce(0, +) + established.reduce(0, +)
        let limit = UInt64(maxEntries / entriesPerConnection)
        guard used * 100 > limit * UInt64(usedPercent) else { return [] }
        var surplus = used - limit * UInt64(wantedPercent) / 100
        var steps: [Step] = []
        for (ages, spares) in [(others, true), (established, false)] {
            let (idle, count) = oldest(surplus, of: ages)
            if count > 0 { steps.append(Step(idleMilliseconds: idle, count: count, sparesEstablished: spares)) }
            surplus -= count
        }
        return steps
    }

    /// - Returns: the idle time that so many, or all that there are, have at least, and how many those are.
    private static func oldest(_ wanted: UInt64, of ages: [UInt64]) -> (idle: UInt64, count: UInt64) {
        var (idle, taken): (UInt64, UInt64) = (0, 0)
        for bucket in ages.indices.reversed() where ages[bucket] > 0 && taken < wanted {
            taken += ages[bucket]
            idle = bucket == 0 ? 0 : UInt64(1) << UInt64(bucket)
        }
        return (idle, min(taken, wanted))
    }
}
