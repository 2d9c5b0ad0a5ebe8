internal import LinuxSystem
internal import Synchronization

/// Says to a daemon that ends that another one gets ready to serve in its place: until then it goes on serving.
///
/// A name of the network namespace, as the daemon's lock is. The kernel takes it back from a successor that fails.
final class SuccessorMark: Sendable {
    private static let name = "fairway/successor"

    private struct State {
        var held: HeldName?
        /// Dataplanes that do not serve yet.
        var awaited: Int
    }

    private let state: Mutex<State>

    /// To be made before the lock is taken: a predecessor that sees neither is alone. Where the name is not to be had, somebody
    /// else is on the way, and the lock decides.
    ///
    /// - Parameter dataplanes: how many say `isServing` before the predecessor is not needed any more.
    init(dataplanes: Int) {
        var held: HeldName?
        do throws(Errno) {
            if let lock = try NamespaceLock.ifFree(Self.name) { held = HeldName(lock) }
        } catch { held = nil }
        state = Mutex(State(held: held, awaited: dataplanes))
    }

    /// One of the dataplanes has everything that it was told first.
    func isServing() {
        state.withLock { state in
            state.awaited -= 1
            if state.awaited <= 0 { state.held = nil }
        }
    }

    /// A successor is on its way.
    static var isHeld: Bool { HeldName.isHeldByDaemon(name) }
}
