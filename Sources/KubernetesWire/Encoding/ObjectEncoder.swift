package import KubernetesModel
internal import SwiftProtobuf

/// Writes objects, lists and events as an API server does: for the one of the tests, and whoever else answers.
///
/// An *item* is an object as it stands in a list: as protobuf the bare message, as JSON the object whole. A server writes
/// it once and puts the same bytes into every body and event.
package struct ObjectEncoder: Sendable {
    package let resource: APIResource
    package let format: WireFormat

    package init(_ resource: APIResource, format: WireFormat) {
        self.resource = resource
        self.format = format
    }

    package func item(_ object: KubernetesObject) throws -> [UInt8] {
        switch format {
        case .protobuf: try object.protobuf()
        case .json: try JSONBody.encode(object)
        }
    }

    package func item(_ lease: Lease) throws -> [UInt8] {
        switch format {
        case .protobuf: try lease.protobuf()
        case .json: try JSONBody.encode(lease)
        }
    }

    /// A body with this object alone.
    package func object(_ item: [UInt8]) -> [UInt8] {
        switch format {
        case .protobuf: Envelope.wrap(item, apiVersion: resource.apiVersion, kind: resource.kind)
        case .json: item
        }
    }

    /// A body with one page of a list.
    ///
    /// - Parameter remainingItems: on later pages; nil: not said.
    package func list(
        _ items: some Collection<[UInt8]>, resourceVersion: String, continueToken: String = "",
        remainingItems: Int? = nil
    ) throws -> [UInt8] {
        let meta = ListMeta(
            resourceVersion: resourceVersion, continue: continueToken.isEmpty ? nil : continueToken,
            remainingItemCount: remainingItems)
        let room = items.reduce(256 + continueToken.utf8.count) { $0 + MessageWriter.size(of: $1.count) }
        switch format {
        case .protobuf:
            var writer = MessageWriter(capacity: room)
            writer.write(1, try meta.protobuf())
            for item in items { writer.write(2, item) }
            return Envelope.wrap(writer.bytes, apiVersion: resource.apiVersion, kind: resource.kind + "List")
        case .json:
            var body: [UInt8] = []
            body.reserveCapacity(room)
            body += "{\"kind\":\"\(resource.kind)List\",\"apiVersion\":\"\(resource.apiVersion)\",\"metadata\":".utf8
            body += try JSONBody.encode(meta)
            body += ",\"items\":[".utf8
            var isFirst = true
            for item in items {
                if !isFirst { body.append(UInt8(ascii: ",")) }
                isFirst = false
                body += item
            }
            body += "]}\n".utf8
            return body
        }
    }

    /// A body that refuses.
    package static func status(_ status: APIStatus, format: WireFormat) throws -> [UInt8] {
        switch format {
        case .protobuf: Envelope.wrap(try MetaStatus(status).serializedBytes(), apiVersion: "v1", kind: "Status")
        case .json: try JSONBody.encode(JSONStatus(writing: status))
        }
    }
}
