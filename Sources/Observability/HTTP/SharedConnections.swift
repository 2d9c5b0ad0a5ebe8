import HummingbirdCore
import NIOCore
import Synchronization

/// Connections that several listeners have open, and how many they may have together.
///
/// A few of each listener's own stand beside the limit: whoever takes all there are elsewhere keeps nobody from being
/// answered here. A listener at a limit takes no more; who comes then waits in the kernel's backlog. A listener takes what
/// came at once (four), and may be over its limit by that.
package final class SharedConnections: Sendable {
    package enum Limits {
        /// Of each listener, whatever the others have: a prober, and the one that takes its place.
        package static let own = 2
    }

    /// What limit stopped a listener.
    package enum Pause: String, Sendable, Hashable, CaseIterable {
        /// That of one listener.
        case port
        /// That of all together.
        case all
    }

    /// How it is now, and what happened so far.
    package struct Counts: Sendable, Hashable {
        /// Open now, of all listeners.
        package var open = 0
        /// Of those, beyond each listener's own.
        package var shared = 0
        /// Times that a listener stopped taking connections; it has stopped once, however often it asks, until it takes some
        /// again.
        package var pauses: [Pause: Int] = [:]
    }

    private struct State {
        var counts = Counts()
        /// Those that the limit of all stopped.
        var waiting: [ObjectIdentifier: ListenerConnections] = [:]
    }

    /// Open at once, beyond each listener's own.
    package let limit: Int
    private let state = Mutex(State())

    package init(limit: Int) {
        self.limit = limit
    }

    package var counts: Counts { state.withLock { $0.counts } }

    fileprivate func opened(isShared: Bool) {
        state.withLock { state in
            state.counts.open += 1
            if isShared { state.counts.shared += 1 }
        }
    }

    /// Whoever waited for a place goes on.
    fileprivate func closed(isShared: Bool) {
        let woken = state.withLock { state -> [ListenerConnections] in
            state.counts.open -= 1
            guard isShared else { return [] }
            state.counts.shared -= 1
            guard state.counts.shared < limit, !state.waiting.isEmpty else { return [] }
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for listener in woken { listener.goOn() }
    }

    fileprivate func paused(at limit: Pause) { state.withLock { $0.counts.pauses[limit, default: 0] += 1 } }

    /// Whether there is a place; where there is none, the listener is told once there is.
    fileprivate func hasPlace(for listener: ListenerConnections) -> Bool {
        state.withLock { state in
            if state.counts.shared < limit { return true }
            state.waiting[ObjectIdentifier(listener)] = listener
            return false
        }
    }

    fileprivate func forget(_ listener: ListenerConnections) {
        state.withLock { $0.waiting[ObjectIdentifier(listener)] = nil }
    }
}

/// What one listener has of connections that are shared.
final class ListenerConnections: AvailableConnectionsDelegate {
    private let shared: SharedConnections
    private let limit: Int
    private let count = Mutex(0)
    private let isPaused = Mutex(false)
    /// The one that listens; nil before and after.
    private let channel = Mutex<(any Channel)?>(nil)

    /// - Parameter limit: of this listener alone.
    init(_ shared: SharedConnections, limit: Int) {
        self.shared = shared
        self.limit = limit
    }

    func connectionOpened() {
        let number = count.withLock { count in
            count += 1
            return count
        }
        shared.opened(isShared: number > SharedConnections.Limits.own)
    }

    func connectionClosed() {
        let number = count.withLock { count in
            count -= 1
            return count + 1
        }
        shared.closed(isShared: number > SharedConnections.Limits.own)
    }

    func isAcceptingNewConnections() -> Bool {
        let reached = reachedLimit
        let wasPaused = isPaused.withLock { isPaused in
            defer { isPaused = reached != nil }
            return isPaused
        }
        if let reached, !wasPaused { shared.paused(at: reached) }
        return reached == nil
    }

    /// Nil: there is a place.
    private var reachedLimit: SharedConnections.Pause? {
        let number = count.withLock { $0 }
        if number < min(SharedConnections.Limits.own, limit) { return nil }
        guard number < limit else { return .port }
        return shared.hasPlace(for: self) ? nil : .all
    }

    /// It listens: what it was kept from meanwhile is done.
    func listens(_ channel: any Channel) {
        self.channel.withLock { $0 = channel }
        channel.read()
    }

    /// There may be a place: it looks whether somebody waits.
    ///
    /// Not at once: this is called while the listener's handler, or another's, is being changed.
    fileprivate func goOn() {
        guard let channel = channel.withLock({ $0 }) else { return }
        channel.eventLoop.execute { channel.read() }
    }

    func ends() {
        channel.withLock { $0 = nil }
        shared.forget(self)
    }
}
