internal import LinuxSystem
internal import Synchronization

/// One service port in one family: its backends, how one is chosen, and what became of the choice. Shared by all workers;
/// every call is short and takes one lock, with affinity a second one for as long.
package final class RelayService: Sendable {
    package enum Scope: Sendable, Hashable {
        case cluster
        case local
    }

    /// How an attempt to reach a backend failed.
    package enum Failure: String, Sendable, Hashable, CaseIterable {
        case refused
        case unreachable
        case timedOut = "timed_out"
    }

    /// What the relay does for this service beyond choosing.
    package struct Options: Sendable, Hashable {
        /// Sent to the backend before the first byte; nil: none.
        package var proxyProtocol: ProxyProtocol?
        /// The backend sees the client's address (IP_TRANSPARENT), where routing brings its answers back.
        package var keepsClientAddress = false
        /// Seconds that connections of a backend that has gone may go on; nil: until they end.
        package var drainSeconds: Int?

        package init() {}
    }

    /// For people, metrics and logs, as `default/web:http/tcp`.
    package let name: String
    private let restRule: RelayRest?
    private let clock: @Sendable () -> ContinuousClock.Instant
    let state: Mutex<RelayServiceState>

    /// - Parameters:
    ///   - rest: nil: no backend ever rests.
    ///   - seed: of what is drawn at random; nil: from the system.
    package init(
        name: String, rest: RelayRest? = nil, seed: UInt64? = nil,
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.name = name
        restRule = rest
        self.clock = clock
        state = Mutex(RelayServiceState(seed: seed ?? .random(in: .min ... .max)))
    }

    package var options: Options { state.withLock { $0.options } }

    /// Chooses a backend and holds it for the caller, who releases it.
    ///
    /// With affinity the client's own while it takes connections, and the one chosen is remembered for it. Allocates
    /// nothing, but for a client that was not known.
    ///
    /// - Parameter tried: backends that this client's earlier attempts failed at; none of them is chosen.
    /// - Returns: nil when there is none that takes connections and was not tried.
    package func choose(_ request: RelayRequest, _ scope: Scope, after tried: [RelayBackend]) -> RelayBackend? {
        state.withLock { state in
            let now = state.needsTime ? clock() : nil
            let chosen = state.choose(request, scope, after: tried, at: now)
            chosen?.hold()
            return chosen
        }
    }

    /// The backend took the connection: with affinity the client's time there begins anew.
    ///
    /// - Parameter took: from the attempt at this backend to the answer.
    package func succeeded(_ request: RelayRequest, _ backend: RelayBackend, took: Duration, isRetry: Bool) {
        backend.traffic.countConnection(isRetry: isRetry)
        if restRule != nil, backend.failuresInRow.load(ordering: .relaxed) > 0 {
            backend.failuresInRow.store(0, ordering: .relaxed)
            state.withLock { $0.endRest(of: backend) }
        }
        guard let affinity = state.withLock({ $0.affinity }) else { return }
        affinity.memory.renew(request.client.address, at: backend.address, since: clock(), within: affinity.timeout)
    }

    /// The backend did not take the connection: the client is not sent there again for old times' sake, and a backend
    /// that fails too often rests. It is still held.
    package func failed(_ request: RelayRequest, _ backend: RelayBackend, _ failure: Failure) {
        backend.traffic.countFailure()
        if let affinity = state.withLock({ $0.affinity }) {
            affinity.memory.forget(request.client.address, at: backend.address)
        }
        guard let restRule else { return }
        let failures = backend.failuresInRow.wrappingAdd(1, ordering: .relaxed).newValue
        if failures < restRule.failures { return }
        let now = clock()
        state.withLock { $0.rest(backend, at: now, until: now + restRule.time) }
    }
}
