internal import NetworkTypes

/// Which draining backends are given up. Decisions only.
struct Retirement: Sendable {
    let grace: Duration
    /// Since when a backend is no endpoint any more, as far as this process knows.
    private var since: [UInt32: Duration] = [:]

    init(grace: Duration) { self.grace = grace }

    /// One that still is an endpoint keeps what it has until that ends. Of one that is gone UDP flows are moved at
    /// once, for a client would go on asking nobody; TCP connections have the grace to end by themselves.
    ///
    /// - Parameters:
    ///   - load: open connections of a backend.
    ///   - now: monotonic time.
    mutating func due(
        _ draining: [BPFDrainingBackend], now: Duration, load: (UInt32) -> UInt64
    ) -> [BPFDrainingBackend] {
        var waiting: [UInt32: Duration] = [:]
        let due = draining.filter { backend in
            let begin = since[backend.id] ?? now
            let isOver = !backend.isLingering && (backend.protocol != .tcp || now - begin >= grace)
            if isOver || load(backend.id) == 0 { return true }
            if !backend.isLingering { waiting[backend.id] = begin }
            return false
        }
        since = waiting
        return due
    }
}
