internal import KubernetesModel
internal import SwiftProtobuf

extension SwiftProtobuf.Message {
    /// Reads the message, and nothing of the fields it does not have: of a Pod as the kubelet writes it, those are nine
    /// bytes in ten.
    init(_ bytes: borrowing Span<UInt8>) throws {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        // SAFETY: these are initialised bytes; the raw span says no more of them than the typed one.
        try unsafe self.init(serializedBytes: bytes.bytes, options: options)
    }
}

extension MessageReader {
    private func message<Decoded: SwiftProtobuf.Message>(_ bytes: borrowing Span<UInt8>) throws(FieldError) -> Decoded {
        do { return try Decoded(bytes) } catch { throw FieldError(malformed: error) }
    }

    /// An object of a kind out of its message.
    func object(_ kind: ObjectKind, _ bytes: borrowing Span<UInt8>) throws(FieldError) -> KubernetesObject {
        switch kind {
        case .service: .service(try service(message(bytes)))
        case .pod: .pod(try pod(message(bytes)))
        case .endpoints: .endpoints(try endpoints(message(bytes)))
        case .endpointSlice: .endpointSlice(try endpointSlice(message(bytes)))
        case .node: .node(try node(message(bytes)))
        case .namespace: .namespace(try namespace(message(bytes)))
        case .serviceCIDR: .serviceCIDR(try serviceCIDR(message(bytes)))
        }
    }
}

extension KubernetesObject {
    /// The object as a message, without kind and version.
    func protobuf() throws -> [UInt8] {
        switch self {
        case .service(let object): try CoreService(object).serializedBytes()
        case .pod(let object): try CorePod(object).serializedBytes()
        case .endpoints(let object): try CoreEndpoints(object).serializedBytes()
        case .endpointSlice(let object): try DiscoveryEndpointSlice(object).serializedBytes()
        case .node(let object): try CoreNode(object).serializedBytes()
        case .namespace(let object): try CoreNamespace(object).serializedBytes()
        case .serviceCIDR(let object): try NetworkingServiceCIDR(object).serializedBytes()
        }
    }
}
