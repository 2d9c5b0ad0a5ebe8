import KubernetesClient
import KubernetesWire
import Synchronization

/// Answers requests in the order of a script, and remembers them. A request past the end of the script waits until it is
/// cancelled.
final class ScriptedSource: ListWatching {
    enum Request: Hashable {
        case list(limit: Int, continueToken: String)
        case watch(WatchRequest.Start)
    }

    enum Answer: Sendable {
        case page(ObjectList)
        /// The batches, then the end.
        case watch([[WatchEvent]], WatchEnd)
        case refused(APIStatus)
        case unreachable
        /// A list that breaks off.
        case cut
    }

    enum WatchEnd: Sendable { case closed, broken, silent }
    struct ConnectionError: Error, CustomStringConvertible { var description: String { "connection reset" } }
    struct Broken: SourceFailure, CustomStringConvertible {
        var stage: FailureStage
        var description: String { "broken: \(stage)" }
    }

    /// The batches of the script, then its end; `silent` ends with what the test says later.
    struct Events: AsyncSequence, Sendable {
        var batches: [[WatchEvent]]
        var end: WatchEnd
        var onSilence: @Sendable () -> Void
        var later: AsyncThrowingStream<[WatchEvent], any Error>

        struct AsyncIterator: AsyncIteratorProtocol {
            var events: Events
            var later: AsyncThrowingStream<[WatchEvent], any Error>.AsyncIterator

            mutating func next() async throws -> [WatchEvent]? {
                if !events.batches.isEmpty { return events.batches.removeFirst() }
                switch events.end {
                case .closed: return nil
                case .broken: throw ConnectionError()
                case .silent:
                    events.onSilence()
                    return try await later.next()
                }
            }
        }

        func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(events: self, later: later.makeAsyncIterator())
        }
    }

    private struct State {
        var script: [Answer]
        var requests: [Request] = []
        var timeouts: [Int] = []
        var later: AsyncThrowingStream<[WatchEvent], any Error>.Continuation?
    }

    private let state: Mutex<State>
    private let ended = AsyncStream<Void>.makeStream()

    /// The version the server has reached; nil: whichever it is asked about.
    private let newest: Int?

    init(_ script: [Answer], newest: Int? = nil) {
        state = Mutex(State(script: script))
        self.newest = newest
    }

    var requests: [Request] { state.withLock { $0.requests } }
    /// After how many seconds each watch is to end.
    var timeouts: [Int] { state.withLock { $0.timeouts } }

    /// Returns when more was asked for than the script has, or its last watch has said all.
    func played() async { for await _ in ended.stream { return } }

    /// The next answer, and nil once the script is over.
    private func next(_ request: Request) -> Answer? {
        state.withLock {
            $0.requests.append(request)
            return $0.script.isEmpty ? nil : $0.script.removeFirst()
        }
    }

    func list(_ request: ListRequest) async throws -> ObjectList {
        if let version = request.resourceVersion { return try known(version) }
        switch next(.list(limit: request.limit, continueToken: request.continueToken)) {
        case .page(let page): return page
        case .refused(let status): throw status
        case .unreachable: throw ConnectionError()
        case .cut: throw Broken(stage: .cut)
        case .watch: throw APIStatus(code: 599, message: "the script has no list here")
        case nil:
            try await wait()
            throw CancellationError()
        }
    }

    /// Whether the server has reached a version: asked beside the script, before a watch goes on from it.
    private func known(_ version: String) throws -> ObjectList {
        guard let newest, let asked = Int(version), newest < asked else { return ObjectList(resourceVersion: version) }
        throw APIStatus(
            code: 504, reason: "Timeout", message: "Too large resource version: \(asked), current: \(newest)")
    }

    func watch(_ request: WatchRequest) async throws -> Events {
        state.withLock { $0.timeouts.append(request.timeoutSeconds) }
        switch next(.watch(request.start)) {
        case .watch(let batches, let end): return stream(batches, end)
        case .refused(let status): throw status
        case .unreachable: throw ConnectionError()
        case .cut: throw Broken(stage: .cut)
        case .page: throw APIStatus(code: 599, message: "the script has no watch here")
        case nil:
            try await wait()
            throw CancellationError()
        }
    }

    private func wait() async throws {
        ended.continuation.yield()
        await untilCancelled()
        try Task.checkCancellation()
    }

    private func stream(_ batches: [[WatchEvent]], _ end: WatchEnd) -> Events {
        let later = AsyncThrowingStream<[WatchEvent], any Error>.makeStream()
        state.withLock { $0.later = later.continuation }
        return Events(
            batches: batches, end: end,
            onSilence: { [self] in if state.withLock({ $0.script.isEmpty }) { ended.continuation.yield() } },
            later: later.stream)
    }

    /// Says more in the last watch, which is silent.
    func say(_ batch: [WatchEvent]) { state.withLock { $0.later }?.yield(batch) }

    /// Ends the last watch, which is silent: as a server does, or with an error.
    func end(_ error: Broken? = nil) { state.withLock { $0.later }?.finish(throwing: error) }
}

/// Waits until the task is cancelled.
func untilCancelled() async {
    let never = AsyncStream<Void>.makeStream()
    for await _ in never.stream {}
    withExtendedLifetime(never.continuation) {}
}
