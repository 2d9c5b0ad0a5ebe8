internal import Dataplane
internal import Relay
internal import Synchronization
internal import UserspaceDataplane

/// What the operator chose for the userspace mode.
struct UserspaceConfiguration: Sendable {
    var settings = UserspaceSettings()
    var relay = RelayConfiguration()
    /// See `UserspaceRelay.init`.
    var drainSeconds: Int?

    func makeRelay() throws(DataplaneError) -> UserspaceRelay {
        try UserspaceRelay(settings, relay, drainSeconds: drainSeconds)
    }
}

/// The relay for those who show what it does; nil until the dataplane's thread has made it.
final class UserspaceView: Sendable {
    private let held = Mutex<UserspaceRelay?>(nil)

    var relay: UserspaceRelay? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}
