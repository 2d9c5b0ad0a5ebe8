/// The time that a reflector, an election or a connection lives by, taken from a clock that tests may own.
package struct Timing: Sendable {
    /// Since the clock was taken.
    package let now: @Sendable () -> Duration
    /// Throws `CancellationError` alone.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
    }
}
