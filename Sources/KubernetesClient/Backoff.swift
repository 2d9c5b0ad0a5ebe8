/// Waiting times that grow with each failure and are spread at random, so that many clients do not come back together.
package struct Backoff: Sendable {
    package struct Settings: Sendable, Hashable {
        package var initial: Duration
        package var maximum: Duration
        package var factor: Double
        /// A wait is stretched by up to this part of itself, at random.
        package var jitter: Double
        /// This long after the last failure it begins at `initial` again.
        package var resetAfter: Duration

        /// Of answers that broke off: the server is there, so that the first attempt follows soon.
        package static let afterCut = Settings(initial: .milliseconds(200))

        /// As client-go's reflectors wait.
        package init(
            initial: Duration = .milliseconds(800), maximum: Duration = .seconds(30), factor: Double = 2,
            jitter: Double = 1, resetAfter: Duration = .seconds(120)
        ) {
            self.initial = initial
            self.maximum = maximum
            self.factor = factor
            self.jitter = jitter
            self.resetAfter = resetAfter
        }
    }

    private let settings: Settings
    private var current: Duration
    private var lastFailure: Duration?

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        current = settings.initial
    }

    /// Begins at the initial wait again.
    package mutating func reset() { self = Backoff(settings) }

    /// How long to wait after a failure at `now`, a time of a monotonic clock.
    package mutating func next(now: Duration, random: inout some RandomNumberGenerator) -> Duration {
        if let lastFailure, now - lastFailure > settings.resetAfter { current = settings.initial }
        lastFailure = now
        let wait = current * (1 + settings.jitter * Double.random(in: 0..<1, using: &random))
        current = min(current * settings.factor, settings.maximum)
        return wait
    }
}
