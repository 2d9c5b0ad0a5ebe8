internal import KubernetesModel
internal import SwiftProtobuf

extension Lease {
    /// Reads a Lease in its envelope, the body of a response.
    package init(protobuf body: borrowing Span<UInt8>) throws(WireError) {
        let envelope = try Envelope(body, in: 0..<body.count)
        guard envelope.kind == APIResource.leases.kind || envelope.kind.isEmpty else {
            throw .malformed("\(envelope.kind) where a Lease was asked for")
        }
        let message: CoordinationLease
        do { message = try CoordinationLease(body.extracting(envelope.raw)) } catch {
            throw .malformed("no protobuf of a Lease: \(error)")
        }
        let reader = MessageReader(strings: StringInterner(limit: 0))
        let metadata: ObjectMeta
        do { metadata = try reader.metadata(message.metadata, of: nil) } catch {
            throw .malformed(error.fault.description)
        }
        let spec = message.spec
        self.init(
            metadata: metadata, holderIdentity: spec.holderIdentity, leaseDurationSeconds: spec.leaseDurationSeconds,
            acquireTime: spec.hasAcquireTime ? Timestamp(spec.acquireTime) : nil,
            renewTime: spec.hasRenewTime ? Timestamp(spec.renewTime) : nil, leaseTransitions: spec.leaseTransitions)
    }

    /// As a message, without envelope: an item of ``ObjectEncoder``.
    func protobuf() throws -> [UInt8] {
        var message = CoordinationLease()
        message.metadata = MetaObjectMeta(metadata)
        message.spec.holderIdentity = holderIdentity
        message.spec.leaseDurationSeconds = leaseDurationSeconds
        if let time = acquireTime { message.spec.acquireTime = MetaTime(time.inMicroseconds) }
        if let time = renewTime { message.spec.renewTime = MetaTime(time.inMicroseconds) }
        message.spec.leaseTransitions = leaseTransitions
        return try message.serializedBytes()
    }
}
