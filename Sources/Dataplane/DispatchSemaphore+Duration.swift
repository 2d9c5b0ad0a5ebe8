package import Dispatch

extension DispatchSemaphore {
    /// Waits for a signal, and no longer than this.
    package func wait(for duration: Duration) {
        let (seconds, attoseconds) = duration.components
        _ = wait(timeout: .now() + .nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)))
    }
}
