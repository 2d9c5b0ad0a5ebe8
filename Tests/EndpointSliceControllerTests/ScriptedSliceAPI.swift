import FoundationEssentials
import KubernetesClient
import KubernetesModel
import KubernetesWire
import ObjectStore

/// The slices of an API server, with versions and conflicts, and failures as a test wants them. The real kubectl and the
/// daemon meet a whole server in the daemon's tests; this one says what happens when.
actor ScriptedSliceAPI: ObjectWriting {
    /// What is done instead of the next write.
    enum Failure: Sendable { case status(APIStatus), unreachable }
    struct Unreachable: Error {}

    private(set) var slices: [ObjectKey: EndpointSlice] = [:]
    /// Every write that was accepted, in order: `create web-abc`, `patch web-abc endpoints,ports`, `delete web-abc`.
    private(set) var writes: [String] = []
    /// News for the watch, in order.
    private var news: [StoreEvent] = []
    private var failures: [Failure] = []
    private var version = 100
    /// Happens after the next write was accepted and before it is answered.
    private var meanwhile: (@Sendable () async -> Void)?

    func duringNextWrite(_ body: @escaping @Sendable () async -> Void) { meanwhile = body }

    private func passTime() async {
        let body = meanwhile
        meanwhile = nil
        await body?()
    }

    func fail(_ failures: Failure...) { self.failures += failures }
    func failAtRandom(_ failures: [Failure]) { self.failures += failures }

    /// What a watch has to tell since it was asked last.
    func takeNews() -> [StoreEvent] {
        defer { news = [] }
        return news
    }

    /// Somebody else writes.
    func put(_ slice: EndpointSlice) {
        var slice = slice
        stamp(&slice)
        slices[slice.metadata.key] = slice
        news.append(.set(.endpointSlice(slice)))
    }

    func remove(_ key: ObjectKey) {
        slices[key] = nil
        news.append(.delete(ObjectReference(kind: .endpointSlice, key: key)))
    }

    private func stamp(_ slice: inout EndpointSlice) {
        version += 1
        slice.metadata.resourceVersion = "\(version)"
        if slice.metadata.uid.isEmpty { slice.metadata.uid = "uid-\(version)" }
    }

    private func failIfAsked() throws {
        guard !failures.isEmpty else { return }
        switch failures.removeFirst() {
        case .status(let status): throw status
        case .unreachable: throw Unreachable()
        }
    }

    func get<Object: Decodable & Sendable>(_ type: Object.Type, _ resource: APIResource, _ key: ObjectKey) throws -> Object {
        guard let slice = slices[key] else { throw APIStatus(code: 404, reason: "NotFound") }
        return try JSONDecoder().decode(type, from: JSONEncoder().encode(slice))
    }

    func create<Object: Codable & Sendable>(_ object: Object, _ resource: APIResource, namespace: String) async throws -> Object {
        try failIfAsked()
        var slice = try JSONDecoder().decode(EndpointSlice.self, from: JSONEncoder().encode(object))
        guard slices[slice.metadata.key] == nil else { throw APIStatus(code: 409, reason: "AlreadyExists") }
        stamp(&slice)
        slices[slice.metadata.key] = slice
        writes.append("create \(slice.metadata.name)")
        news.append(.set(.endpointSlice(slice)))
        await passTime()
        return try JSONDecoder().decode(Object.self, from: JSONEncoder().encode(slice))
    }

    func update<Object: Codable & Sendable>(_ object: Object, _ resource: APIResource, _ key: ObjectKey) throws -> Object {
        throw APIStatus(code: 405, reason: "MethodNotAllowed")
    }

    func patch<Object: Decodable & Sendable>(
        _ type: Object.Type, _ resource: APIResource, _ key: ObjectKey, mergePatch: [UInt8]
    ) async throws -> Object {
        try failIfAsked()
        guard var slice = slices[key] else { throw APIStatus(code: 404, reason: "NotFound") }
        let patch = try JSONDecoder().decode(Patch.self, from: Data(mergePatch))
        guard patch.metadata.resourceVersion == slice.metadata.resourceVersion else {
            throw APIStatus(code: 409, reason: "Conflict")
        }
        for (key, value) in patch.metadata.labels ?? [:] { slice.metadata.labels[key] = value }
        for (key, value) in patch.metadata.annotations ?? [:] { slice.metadata.annotations[key] = value }
        if let endpoints = patch.endpoints { slice.endpoints = endpoints }
        if let ports = patch.ports { slice.ports = ports }
        stamp(&slice)
        slices[key] = slice
        writes.append("patch \(key.name)")
        news.append(.set(.endpointSlice(slice)))
        await passTime()
        return try JSONDecoder().decode(type, from: JSONEncoder().encode(slice))
    }

    func delete(_ resource: APIResource, _ key: ObjectKey, uid: String, resourceVersion: String) throws {
        try failIfAsked()
        guard let slice = slices[key] else { throw APIStatus(code: 404, reason: "NotFound") }
        guard uid == slice.metadata.uid, resourceVersion == slice.metadata.resourceVersion else {
            throw APIStatus(code: 409, reason: "Conflict")
        }
        slices[key] = nil
        writes.append("delete \(key.name)")
        news.append(.delete(ObjectReference(kind: .endpointSlice, key: key)))
    }

    private struct Patch: Decodable {
        struct Metadata: Decodable {
            var resourceVersion: String
            var labels: [String: String?]?
            var annotations: [String: String?]?
        }
        var metadata: Metadata
        var endpoints: [Endpoint]?
        var ports: [EndpointPort]?
    }
}
