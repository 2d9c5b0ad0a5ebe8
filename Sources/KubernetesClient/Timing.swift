/// The time a source of events lives by, taken from a clock that tests may own.
struct Timing: Sendable {
    /// Since the clock was taken.
    let now: @Sendable () -> Duration
    /// Throws `CancellationError` alone.
    let sleep: @Sendable (Duration) async throws -> Void

    init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
    }
}
