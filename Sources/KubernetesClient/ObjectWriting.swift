package import KubernetesModel
package import KubernetesWire

/// Single objects, read and written: what the endpoint controller, leader election and events need of a connection.
///
/// Objects go as JSON: a write is rare, and a patch names the fields it changes, so that what Fairway does not know of an
/// object stays.
package protocol ObjectWriting: Sendable {
    /// - Throws: ``APIStatus`` when the server refuses, any other error when it cannot be reached. So do all.
    func get<Object: Decodable & Sendable>(_ type: Object.Type, _ resource: APIResource, _ key: ObjectKey) async throws
        -> Object

    /// - Returns: the object as it is stored, with name, uid and version.
    func create<Object: Codable & Sendable>(_ object: Object, _ resource: APIResource, namespace: String) async throws
        -> Object

    /// Replaces the object, which must still be at the version it carries.
    func update<Object: Codable & Sendable>(_ object: Object, _ resource: APIResource, _ key: ObjectKey) async throws
        -> Object

    /// A JSON merge patch (RFC 7386); with `metadata.resourceVersion` in it, it applies to that version alone.
    func patch<Object: Decodable & Sendable>(
        _ type: Object.Type, _ resource: APIResource, _ key: ObjectKey, mergePatch: [UInt8]
    ) async throws -> Object

    /// - Parameters:
    ///   - uid: only this object, not one made anew under its name; empty: any.
    ///   - resourceVersion: only this version of it; empty: any.
    func delete(_ resource: APIResource, _ key: ObjectKey, uid: String, resourceVersion: String) async throws
}
