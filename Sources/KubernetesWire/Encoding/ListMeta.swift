internal import SwiftProtobuf

/// `metav1.ListMeta`, to be written.
struct ListMeta: Encodable {
    var resourceVersion: String
    var `continue`: String?
    var remainingItemCount: Int?

    func protobuf() throws -> [UInt8] {
        var message = MetaListMeta()
        message.resourceVersion = resourceVersion
        message.continue = `continue` ?? ""
        if let count = remainingItemCount { message.remainingItemCount = Int64(count) }
        return try message.serializedBytes()
    }
}

extension MetaStatus {
    init(_ status: APIStatus) {
        self.status = status.succeeded ? "Success" : "Failure"
        message = status.message
        reason = status.reason
        code = Int32(clamping: status.code)
        if let seconds = status.retryAfterSeconds { details.retryAfterSeconds = Int32(clamping: seconds) }
    }
}
