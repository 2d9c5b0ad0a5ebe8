internal import LinuxSystem
internal import NetworkTypes
internal import Synchronization

/// Which backend each client had last: `sessionAffinity: ClientIP`. Of one service, or of several that remember together.
///
/// Bounded: at the limit the client that was there longest ago is forgotten for a new one, who is counted in `evictions`.
package final class ClientMemory: Sendable {
    /// Clients, so that one service holds some 16 MB at most, however many addresses ask.
    package static let standardLimit = 1 << 16

    private let limit: Int
    private let state: Mutex<State>

    private struct State {
        var clients = RecencyList()
        var evictions: UInt64 = 0
    }

    package init(limit: Int = ClientMemory.standardLimit) {
        precondition(limit > 0, "a memory for nobody")
        self.limit = limit
        state = Mutex(State())
    }

    /// Clients that are remembered, those among them whose time is over and nobody noticed.
    package var count: Int { state.withLock { $0.clients.count } }
    /// Clients that were forgotten for want of room.
    package var evictions: UInt64 { state.withLock { $0.evictions } }

    /// Where the client was; nil when it is not known, or was there longer ago than `timeout`.
    func place(of client: IPAddress, at now: ContinuousClock.Instant, within timeout: Duration) -> SocketAddress? {
        state.withLock { state in
            guard let entry = state.clients[client] else { return nil }
            if now - entry.seen <= timeout { return entry.place }
            state.clients.remove(client)
            return nil
        }
    }

    /// The client is there from now on.
    ///
    /// - Parameter timeout: others that were seen longer ago than this make room, a few at a time.
    func remember(
        _ client: IPAddress, at place: SocketAddress, since now: ContinuousClock.Instant, within timeout: Duration
    ) {
        state.withLock { state in
            if state.clients[client] == nil {
                for _ in 0..<2 {
                    guard let oldest = state.clients.oldest, now - oldest.seen > timeout else { break }
                    state.clients.remove(oldest.client)
                }
                if state.clients.count >= limit, let oldest = state.clients.oldest {
                    state.clients.remove(oldest.client)
                    state.evictions += 1
                }
            }
            state.clients.set(client, place, seen: now)
        }
    }

    /// The client was there again. Somewhere else meanwhile: nothing changes.
    func renew(
        _ client: IPAddress, at place: SocketAddress, since now: ContinuousClock.Instant, within timeout: Duration
    ) {
        let isElsewhere = state.withLock { state in
            guard let entry = state.clients[client] else { return false }
            // Another port of the same endpoint is as good.
            if entry.place.address == place.address { state.clients.set(client, entry.place, seen: now) }
            return true
        }
        if !isElsewhere { remember(client, at: place, since: now, within: timeout) }
    }

    /// Forgets the client if it is remembered there.
    func forget(_ client: IPAddress, at place: SocketAddress) {
        state.withLock { state in
            if state.clients[client]?.place.address == place.address { state.clients.remove(client) }
        }
    }

    func forget(_ client: IPAddress) { state.withLock { $0.clients.remove(client) } }
}
