internal import DNSWire
internal import NetworkTypes
internal import Synchronization

/// Who asks one thread most, and for what: some of its queries, by chance, over the last minutes.
///
/// The thread that answers never waits: a sample that comes while somebody reads is left out.
final class QuerySample: Sendable {
    /// Keys that a table holds: of all samples, those that make up more than a 128th are certain to be among them.
    static let capacity = 128
    /// How long a window lasts. The one before is kept, so that what is read covers one to two of them.
    static let window = Duration.seconds(300)

    fileprivate struct Window: Sendable {
        var clients = SpaceSaving(capacity: QuerySample.capacity, keyByteLimit: 17)
        var names = SpaceSaving(capacity: QuerySample.capacity, keyByteLimit: DomainName.byteLimit)

        mutating func removeAll() {
            clients.removeAll()
            names.removeAll()
        }
    }

    fileprivate struct State: Sendable {
        /// The current one and the one before. None until the first sample: a thread that is never asked needs no tables.
        var windows: [Window] = []
        var end: ContinuousClock.Instant?
        var interval: UInt64 = 1
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - name: wire form in lower case; empty: there was no question.
    ///   - interval: how many queries the sample stands for.
    func count(
        client: IPAddress, name: RawSpan, hash: UInt64, at instant: ContinuousClock.Instant, interval: Int
    ) {
        _ = state.withLockIfAvailable { state in
            if state.windows.isEmpty { state.windows = [Window(), Window()] }
            state.turn(at: instant)
            state.interval = UInt64(interval)
            Self.withKey(of: client) { key in
                // SAFETY: the key is only read, during the call.
                let hash = unsafe key.withUnsafeBytes { unsafe NameHash.hash($0) }
                state.windows[0].clients.count(key, hash: hash)
            }
            if name.byteCount > 0 { state.windows[0].names.count(name, hash: hash) }
        }
    }

    /// The address's family, then its bytes.
    private static func withKey(of client: IPAddress, _ body: (RawSpan) -> Void) {
        var key = InlineArray<17, UInt8>(repeating: 0)
        key[0] = client.family.rawValue
        let count = client.family.addressByteCount
        for index in 0..<count {
            key[index + 1] = UInt8(truncatingIfNeeded: client.bits >> UInt128((count - 1 - index) * 8))
        }
        // SAFETY: the bytes are only read, during the call.
        unsafe body(key.span.bytes.extracting(first: count + 1))
    }

    /// Adds what was counted, from any thread.
    func add(to top: inout TopQueries.Sum) {
        state.withLock { state in
            for window in state.windows {
                top.sampled += window.clients.total
                top.queries += window.clients.total * state.interval
                window.clients.forEach { key, count, error in
                    guard let client = IPAddress(networkBytes: key.dropFirst()) else { return }
                    top.clients[client, default: TopQueries.Figure()].add(count, error, state.interval)
                }
                window.names.forEach { key, count, error in
                    guard let name = DomainName(wire: Array(key)) else { return }
                    top.names[name, default: TopQueries.Figure()].add(count, error, state.interval)
                }
            }
        }
    }
}

extension QuerySample.State {
    /// Begins a new window where the current one is over.
    fileprivate mutating func turn(at instant: ContinuousClock.Instant) {
        guard let end else { return self.end = instant + QuerySample.window }
        guard instant >= end else { return }
        // After a long silence the window before has nothing to say either.
        if instant < end + QuerySample.window { windows.swapAt(0, 1) } else { windows[1].removeAll() }
        windows[0].removeAll()
        self.end = instant + QuerySample.window
    }
}
