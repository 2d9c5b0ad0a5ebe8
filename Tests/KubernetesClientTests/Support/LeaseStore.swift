import KubernetesClient
import KubernetesModel
import KubernetesWire
import Synchronization

/// One lease as an API server keeps it: every write makes a version, and one to another version than the stored is refused.
struct LeaseStore: Sendable {
    private(set) var lease: Lease?
    private var version = 0

    init() {}

    func get() throws -> Lease {
        guard let lease else { throw APIStatus(code: 404, reason: "NotFound") }
        return lease
    }

    mutating func create(_ lease: Lease) throws -> Lease {
        guard self.lease == nil else { throw APIStatus(code: 409, reason: "AlreadyExists") }
        return store(lease)
    }

    mutating func update(_ lease: Lease) throws -> Lease {
        guard let old = self.lease else { throw APIStatus(code: 404, reason: "NotFound") }
        guard old.metadata.resourceVersion == lease.metadata.resourceVersion else {
            throw APIStatus(code: 409, reason: "Conflict")
        }
        return store(lease)
    }

    private mutating func store(_ lease: Lease) -> Lease {
        version += 1
        var stored = lease
        stored.metadata.resourceVersion = "\(version)"
        self.lease = stored
        return stored
    }
}

final class SharedLease: Sendable {
    let store = Mutex(LeaseStore())
    var lease: Lease? { store.withLock { $0.lease } }
}

/// What one candidate sees of the shared lease.
final class LeaseWriter: ObjectWriting {
    struct Unexpected: Error {}
    private let shared: SharedLease
    private let isPartitioned = Mutex(false)
    private let refusals: Mutex<[APIStatus]>
    private let blindReads: Mutex<Int>

    /// - Parameters:
    ///   - findsNone: how many reads find no lease, whether there is one or not.
    ///   - refuses: what the first requests are answered with.
    init(_ shared: SharedLease, findsNone: Int = 0, refuses: [APIStatus] = []) {
        self.shared = shared
        blindReads = Mutex(findsNone)
        refusals = Mutex(refuses)
    }

    /// Requests get no answer any more.
    func partition() { isPartitioned.withLock { $0 = true } }

    private func ask<Object>(_ request: (inout LeaseStore) throws -> Lease) async throws -> Object {
        if isPartitioned.withLock({ $0 }) {
            await untilCancelled()
            throw CancellationError()
        }
        if let refusal = refusals.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw refusal }
        guard let answer = try shared.store.withLock({ try request(&$0) }) as? Object else { throw Unexpected() }
        return answer
    }

    func get<Object: Decodable & Sendable>(
        _ type: Object.Type, _ resource: APIResource, _ key: ObjectKey
    ) async throws -> Object {
        let isBlind = blindReads.withLock { count in
            defer { count = max(0, count - 1) }
            return count > 0
        }
        if isBlind { throw APIStatus(code: 404, reason: "NotFound") }
        return try await ask { try $0.get() }
    }

    func create<Object: Codable & Sendable>(
        _ object: Object, _ resource: APIResource, namespace: String
    ) async throws -> Object {
        guard let lease = object as? Lease else { throw Unexpected() }
        return try await ask { try $0.create(lease) }
    }

    func update<Object: Codable & Sendable>(
        _ object: Object, _ resource: APIResource, _ key: ObjectKey
    ) async throws -> Object {
        guard let lease = object as? Lease else { throw Unexpected() }
        return try await ask { try $0.update(lease) }
    }

    func patch<Object: Decodable & Sendable>(
        _ type: Object.Type, _ resource: APIResource, _ key: ObjectKey, mergePatch: [UInt8]
    ) async throws -> Object { throw Unexpected() }

    func delete(_ resource: APIResource, _ key: ObjectKey, uid: String, resourceVersion: String) async throws {
        throw Unexpected()
    }
}
