/// Makes room in the connection table before it is full. Decisions only.
enum Eviction {
    /// The share of the table that may be used, in percent.
    static let usedPercent = 90
    /// What is aimed at when more is used.
    static let wantedPercent = 80
    /// Entries of one connection: forward and reply, and when it is masqueraded two in between. How many a table holds of
    /// which kind nobody counts; the greater number makes room too early and never too late.
    static let entriesPerConnection = 4

    /// How long a connection must have been idle to be given up, so that the table comes down to what is wanted; nil
    /// when there is room.
    ///
    /// - Parameters:
    ///   - ages: connections by idle time: the first is less than a millisecond, each further one up to twice the
    ///     time of the one before.
    static func idleMilliseconds(ages: [UInt64], maxEntries: Int) -> UInt64? {
        let used = ages.reduce(0, +)
        let limit = UInt64(maxEntries / entriesPerConnection)
        guard used * 100 > limit * UInt64(usedPercent) else { return nil }
        let surplus = used - limit * UInt64(wantedPercent) / 100
        var taken: UInt64 = 0
        for bucket in ages.indices.reversed() where bucket > 0 {
            taken += ages[bucket]
            if taken >= surplus { return UInt64(1) << UInt64(bucket - 1) }
        }
        return 1
    }
}
