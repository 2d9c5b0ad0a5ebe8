import KubernetesClient
import KubernetesModel
import KubernetesModelTesting
import KubernetesWire
import RandomTesting
import Synchronization

/// Namespaces behind ``ListWatching`` with the versions of a real API server: one counter, a window of history that
/// compaction shortens, pages of a snapshot, and faults drawn from a seed.
final class ModelServer: ListWatching {
    typealias Events = AsyncThrowingStream<[WatchEvent], any Error>
    struct BrokenConnection: Error {}

    struct Stored: Hashable {
        var uid: String
        var version: UInt64
        var created: UInt64
        var labels: [String: String]
        var isReadable: Bool
    }

    struct Change {
        var version: UInt64
        var event: WatchEvent
    }

    struct State {
        var random: SplitMix64
        var version: UInt64 = 998
        var objects: [String: Stored] = [:]
        var history: [Change] = []
        var compacted: UInt64 = 0
        var pages: [String: (version: UInt64, rest: [String: Stored])] = [:]
        var watchers: [Int: Events.Continuation] = [:]
        var counter = 0
        /// One request in so many fails; 0: none.
        var faultRate = 0
        var streams = true
        /// The version when the list under way was asked for.
        var listAskedAt: UInt64 = 0
    }

    let state: Mutex<State>
    init(seed: UInt64) { state = Mutex(State(random: SplitMix64(seed: seed))) }

    var objects: [String: Stored] { state.withLock { $0.objects } }

    // MARK: What happens on the server

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func list(_ request: ListRequest) async throws -> ObjectList {
        let pauses = state.withLock { $0.random.number(0...3) }
        for _ in 0..<pauses { await Task.yield() }
        return try state.withLock { try $0.list(request) }
    }

    func watch(_ request: WatchRequest) async throws -> Events {
        await Task.yield()
        return try state.withLock { try $0.watch(request) }
    }
}

extension ModelServer.State {
    // MARK: Changes

    mutating func put(_ name: String, isReadable: Bool) {
        version += 1
        counter += 1
        let old = objects[name]
        objects[name] = ModelServer.Stored(
            uid: old?.uid ?? "uid-\(counter)", version: version, created: old?.created ?? version,
            labels: ["change": "\(counter)"], isReadable: isReadable)
        record(event(name))
    }

    mutating func remove(_ name: String) {
        guard objects.removeValue(forKey: name) != nil else { return }
        version += 1
        record(.deleted(Self.reference(name), resourceVersion: "\(version)"))
    }

    private mutating func record(_ event: WatchEvent) {
        history.append(ModelServer.Change(version: version, event: event))
        for watcher in watchers.values {
            watcher.yield(faultRate > 0 && random.oneIn(8) ? [event, event] : [event])
            // A late duplicate of something told long ago.
            if faultRate > 0, random.oneIn(8) { watcher.yield([random.pick(history).event]) }
        }
    }

    mutating func bookmark() {
        // Other kinds move the counter on too.
        version += 1
        for watcher in watchers.values {
            watcher.yield([.bookmark(resourceVersion: "\(version)", endsInitialEvents: false)])
        }
    }

    mutating func compact() {
        compacted = version
        history.removeAll()
        pages = pages.filter { $0.value.version >= compacted }
    }

    mutating func endWatches(_ end: WatchFault) {
        for watcher in watchers.values {
            switch end {
            case .close: watcher.finish()
            case .breakOff: watcher.finish(throwing: ModelServer.BrokenConnection())
            case .expire: 
                watcher.yield([.error(APIStatus(code: 410, reason: "Expired", message: "too old"))])
                watcher.finish()
            case .fail:
                watcher.yield([.error(APIStatus(code: 500, reason: "InternalError", message: "etcd leader changed"))])
                watcher.finish()
            }
        }
        watchers = [:]
    }

    enum WatchFault: CaseIterable { case close, breakOff, expire, fail }

    // MARK: Answers

    static func reference(_ name: String) -> ObjectReference {
        ObjectReference(kind: .namespace, key: ObjectKey(namespace: "", name: name))
    }

    static func object(_ name: String, _ stored: ModelServer.Stored) -> KubernetesObject {
        var namespace = Namespace.make(name, labels: stored.labels)
        namespace.metadata.uid = stored.uid
        namespace.metadata.resourceVersion = "\(stored.version)"
        return .namespace(namespace)
    }

    private func event(_ name: String) -> WatchEvent {
        guard let stored = objects[name] else { return .bookmark(resourceVersion: "", endsInitialEvents: false) }
        if stored.isReadable { return .set(Self.object(name, stored)) }
        return .unreadable(fault(name), resourceVersion: "\(stored.version)")
    }

    private func fault(_ name: String) -> ObjectFault {
        ObjectFault(reference: Self.reference(name), message: "metadata.labels: Invalid value")
    }

    private mutating func fail() throws {
        guard faultRate > 0, random.oneIn(faultRate) else { return }
        switch random.number(0...5) {
        case 0: throw APIStatus(code: 500, reason: "InternalError", message: "on demand")
        case 1: throw APIStatus(code: 429, reason: "TooManyRequests", message: "on demand", retryAfterSeconds: 2)
        case 2: throw APIStatus(code: 403, reason: "Forbidden", message: "on demand")
        case 3: throw APIStatus(code: 410, reason: "Expired", message: "on demand")
        default: throw ModelServer.BrokenConnection()
        }
    }

    mutating func list(_ request: ListRequest) throws -> ObjectList {
        if request.continueToken.isEmpty { listAskedAt = version }
        try fail()
        var from = (version: version, rest: objects)
        if !request.continueToken.isEmpty {
            guard let found = pages[request.continueToken] else {
                throw APIStatus(code: 410, reason: "Expired", message: "the continue token is too old")
            }
            from = found
        }
        let names = from.rest.keys.sorted().prefix(request.limit == 0 ? .max : request.limit)
        var page = ObjectList(resourceVersion: "\(from.version)")
        for name in names {
            guard let stored = from.rest.removeValue(forKey: name) else { continue }
            if stored.isReadable { page.objects.append(Self.object(name, stored)) } else { page.faults.append(fault(name)) }
        }
        if !from.rest.isEmpty {
            counter += 1
            page.continueToken = "token-\(counter)"
            pages[page.continueToken] = from
        }
        return page
    }

    mutating func watch(_ request: WatchRequest) throws -> ModelServer.Events {
        if request.start == .initialEvents { listAskedAt = version }
        try fail()
        let (stream, continuation) = ModelServer.Events.makeStream()
        switch request.start {
        case .initialEvents:
            guard streams else { throw APIStatus(code: 422, reason: "Invalid", message: "sendInitialEvents") }
            if sendInitialEvents(continuation) { return stream }
        case .after(let text):
            let after = UInt64(text) ?? 0
            if after > version { throw APIStatus(code: 504, reason: "Timeout", message: "Too large resource version") }
            if after < compacted {
                let expired = APIStatus(code: 410, reason: "Expired", message: "too old resource version")
                if random.oneIn(2) { throw expired }
                continuation.yield([.error(expired)])
                continuation.finish()
                return stream
            }
            // Now and then some of what was told comes again.
            let again = faultRate > 0 && random.oneIn(3) ? UInt64(random.number(0...5)) : 0
            let missed = history.filter { $0.version + again > after }.map(\.event)
            if !missed.isEmpty { continuation.yield(missed) }
        }
        counter += 1
        watchers[counter] = continuation
        return stream
    }

    /// - Returns: whether the watch broke meanwhile.
    private mutating func sendInitialEvents(_ continuation: ModelServer.Events.Continuation) -> Bool {
        for name in objects.keys.sorted().shuffled(using: &random) {
            continuation.yield([event(name)])
            if faultRate > 0, random.oneIn(20) {
                if random.oneIn(2) { continuation.finish() } else { continuation.finish(throwing: ModelServer.BrokenConnection()) }
                return true
            }
        }
        continuation.yield([.bookmark(resourceVersion: "\(version)", endsInitialEvents: true)])
        return false
    }
}
