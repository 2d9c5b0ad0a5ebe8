/// Passive outlier detection: a backend that fails so many times in a row rests for a while, one that takes connections
/// while others do not excepted.
package struct RelayRest: Sendable, Hashable {
    /// Attempts in a row.
    package let failures: Int
    package let time: Duration

    /// - Precondition: at least one failure.
    package init(afterFailures failures: Int, for time: Duration) {
        precondition(failures > 0, "a backend that did nothing wrong does not rest")
        self.failures = failures
        self.time = time
    }
}

extension RelayConfiguration {
    /// Nil: no backend ever rests.
    package var rest: RelayRest? {
        restAfterFailures > 0 ? RelayRest(afterFailures: restAfterFailures, for: restTime) : nil
    }
}
