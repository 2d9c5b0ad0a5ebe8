internal import KubernetesClient
package import KubernetesModel
package import KubernetesWire
internal import NetworkTypes

extension APIClient: ObjectWriting {
    package func get<Object: Decodable & Sendable>(
        _ type: Object.Type, _ resource: APIResource, _ key: ObjectKey
    ) async throws -> Object {
        try await object(type, APIRequest(.get, resource, key))
    }

    package func create<Object: Codable & Sendable>(
        _ object: Object, _ resource: APIResource, namespace: String
    ) async throws -> Object {
        var request = APIRequest(.post, resource, ObjectKey(namespace: namespace, name: ""))
        request.setBody(try JSONBody.encode(object))
        return try await self.object(Object.self, request)
    }

    package func update<Object: Codable & Sendable>(
        _ object: Object, _ resource: APIResource, _ key: ObjectKey
    ) async throws -> Object {
        var request = APIRequest(.put, resource, key)
        request.setBody(try JSONBody.encode(object))
        return try await self.object(Object.self, request)
    }

    package func patch<Object: Decodable & Sendable>(
        _ type: Object.Type, _ resource: APIResource, _ key: ObjectKey, mergePatch: [UInt8]
    ) async throws -> Object {
        var request = APIRequest(.patch, resource, key)
        request.setBody(mergePatch, type: "application/merge-patch+json")
        return try await object(type, request)
    }

    package func delete(
        _ resource: APIResource, _ key: ObjectKey, uid: String, resourceVersion: String
    ) async throws {
        var request = APIRequest(.delete, resource, key)
        request.setBody(try JSONBody.encode(DeleteOptions(uid: uid, resourceVersion: resourceVersion)))
        // The answer is the object or a Status: of no use.
        _ = try await answer { _ in request }
    }

    private func object<Object: Decodable & Sendable>(_ type: Object.Type, _ request: APIRequest) async throws -> Object {
        let body = try await answer { _ in request }.body
        do {
            return try JSONBody.decode(type, from: body.span)
        } catch {
            throw ConnectionError(.answer, "\(connection.server): \(request.method.rawValue) \(request.path): \(error)")
        }
    }
}

extension APIRequest {
    fileprivate init(_ method: Method, _ resource: APIResource, _ key: ObjectKey) {
        self.init(
            method: method,
            path: resource.path(namespace: PercentEncoding.encoded(key.namespace), name: PercentEncoding.encoded(key.name)),
            accept: WireFormat.json.mediaType)
    }

    fileprivate mutating func setBody(_ bytes: [UInt8], type: String = WireFormat.json.mediaType) {
        body = bytes
        contentType = type
    }
}

/// `metav1.DeleteOptions` with what the object must be.
private struct DeleteOptions: Encodable {
    struct Preconditions: Encodable {
        let uid: String?
        let resourceVersion: String?
    }

    let kind = "DeleteOptions"
    let apiVersion = "v1"
    let preconditions: Preconditions?

    init(uid: String, resourceVersion: String) {
        preconditions =
            uid.isEmpty && resourceVersion.isEmpty
            ? nil
            : Preconditions(
                uid: uid.isEmpty ? nil : uid, resourceVersion: resourceVersion.isEmpty ? nil : resourceVersion)
    }
}
