internal import Synchronization

/// What connections and tests share: the cluster, the faults, the requests, the watches.
final class ServerState: Sendable {
    private struct Content {
        var cluster: Cluster
        var faults = FaultTable()
        var log: RequestLog
        var watches: [Int: WatchHandle] = [:]
        /// Of these resources no watch is told anything for now; their plurals.
        var held: Set<String> = []
        var nextID = 0
    }

    let settings: ClusterSettings
    private let content: Mutex<Content>

    init(_ settings: ClusterSettings) {
        self.settings = settings
        content = Mutex(Content(cluster: Cluster(settings), log: RequestLog(limit: settings.requestLogLimit)))
    }

    func read<Result: Sendable, Failure: Error>(_ body: (Cluster) throws(Failure) -> Result) throws(Failure) -> Result {
        // A copy, which shares everything: what is asked of it need not be asked under the lock.
        try body(content.withLock { $0.cluster })
    }

    /// Changes the cluster and wakes the watches of what changed.
    func write<Result: Sendable, Failure: Error>(
        isDryRun: Bool = false, _ body: (inout Cluster) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let (result, woken) = try content.withLock { content throws(Failure) -> (Result, [WatchHandle]) in
            if isDryRun {
                var copy = content.cluster
                return (try body(&copy), [])
            }
            let before = content.cluster.version
            let result = try body(&content.cluster)
            return (result, before == content.cluster.version ? [] : Array(content.watches.values))
        }
        for watch in woken { watch.wake() }
        return result
    }

    /// The changes from a place on that are not held back; nil where they were forgotten.
    func changes(_ type: ResourceType, from place: Int, limit: Int) -> (changes: [Change], version: UInt64)? {
        content.withLock { content in
            let table = content.cluster.table(type)
            if content.held.contains(type.plural) { return ([], 0) }
            let history = table.history
            guard place >= history.forgotten else { return nil }
            let end = min(history.end, place + limit)
            return ((place..<end).compactMap { history.change(at: $0) }, content.cluster.version)
        }
    }

    // MARK: Faults

    func addFault(_ rule: FaultRule) -> Int { content.withLock { $0.faults.add(rule) } }
    func removeFault(_ id: Int) { content.withLock { $0.faults.remove(id) } }
    func removeFaults() { content.withLock { $0.faults.removeAll() } }
    var faultHits: Int { content.withLock { $0.faults.hits } }
    func faults(of request: APIRequest) -> [Fault] { content.withLock { $0.faults.faults(of: request) } }

    func hold(_ plurals: Set<String>) { content.withLock { $0.held.formUnion(plurals) } }

    func release() {
        let watches = content.withLock { content in
            content.held = []
            return Array(content.watches.values)
        }
        for watch in watches { watch.wake() }
    }

    // MARK: Watches

    func add(_ make: (_ id: Int) -> WatchHandle) {
        content.withLock { content in
            content.nextID += 1
            content.watches[content.nextID] = make(content.nextID)
        }
    }

    func removeWatch(_ id: Int) { content.withLock { $0.watches[id] = nil } }

    func watches(of plural: String?) -> [WatchHandle] {
        content.withLock { $0.watches.values.filter { plural == nil || $0.type.plural == plural } }
    }

    // MARK: Requests

    func record(_ record: RequestRecord) {
        let served = content.withLock { $0.log.append(record) }
        for waiter in served { waiter.continuation.resume(returning: record) }
    }

    var requestCount: Int { content.withLock { $0.log.count } }
    func requests(from start: Int) -> [RequestRecord] { content.withLock { Array($0.log.records(from: start)) } }

    /// The first request from number `start` on that matches, already there or yet to come.
    func request(
        from start: Int, matching: @escaping @Sendable (RequestRecord) -> Bool
    ) async throws -> RequestRecord {
        let id = content.withLock { content in
            content.nextID += 1
            return content.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let found = content.withLock { content -> RequestRecord? in
                    if let record = content.log.records(from: start).first(where: matching) { return record }
                    content.log.add(.init(id: id, first: start, matches: matching, continuation: continuation))
                    return nil
                }
                if let found { continuation.resume(returning: found) }
                // Cancelled before it waited: nobody else would tell it.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: Int) {
        content.withLock { $0.log.removeWaiter(id) }?.continuation.resume(throwing: CancellationError())
    }
}
