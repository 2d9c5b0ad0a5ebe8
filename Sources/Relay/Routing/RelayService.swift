internal import Synchronization

/// One service port in one family: its backends, how one is chosen, and what became of the choice. Shared by all workers;
/// every call is short and takes one lock.
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

    private struct State {
        var options = Options()
        var cluster: [RelayBackend] = []
        var local: [RelayBackend] = []
        var next = 0
    }

    /// For people, metrics and logs, as `default/web:http/tcp`.
    package let name: String
    private let state = Mutex(State())

    package init(name: String) { self.name = name }

    package var options: Options { state.withLock { $0.options } }

    /// Chooses a backend and holds it for the caller, who releases it.
    ///
    /// - Parameter tried: backends that this client's earlier attempts failed at; none of them is chosen.
    /// - Returns: nil when there is none that takes connections and was not tried.
    package func choose(_ request: RelayRequest, _ scope: Scope, after tried: [RelayBackend]) -> RelayBackend? {
        state.withLock { state in
            let candidates = scope == .cluster ? state.cluster : state.local
            for _ in candidates {
                state.next += 1
                let candidate = candidates[state.next % candidates.count]
                if tried.contains(where: { $0 === candidate }) { continue }
                candidate.hold()
                return candidate
            }
            return nil
        }
    }

    /// The backend took the connection: it is remembered for the client where the service has affinity.
    ///
    /// - Parameter took: from the attempt at this backend to the answer.
    package func succeeded(_ request: RelayRequest, _ backend: RelayBackend, took: Duration, isRetry: Bool) {
        backend.traffic.countConnection(isRetry: isRetry)
    }

    /// The backend did not take the connection. It is still held.
    package func failed(_ request: RelayRequest, _ backend: RelayBackend, _ failure: Failure) {
        backend.traffic.countFailure()
    }

    /// Replaces options and backends. Those no longer named are marked as gone.
    package func update(_ options: Options, cluster: [RelayBackend], local: [RelayBackend]) {
        state.withLock { state in
            for backend in state.cluster + state.local { backend.markGone() }
            for backend in cluster + local { backend.markPresent() }
            state.options = options
            state.cluster = cluster
            state.local = local
        }
    }
}

/// The header that tells a backend who the client is (haproxy.org, "The PROXY protocol", versions 1 and 2).
package enum ProxyProtocol: String, Sendable, Hashable, CaseIterable {
    case v1
    case v2
}
