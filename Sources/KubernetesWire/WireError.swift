/// Bytes from the API that cannot be read at all. What is wrong with one object is an ``ObjectFault``.
package enum WireError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Neither protobuf nor JSON of the kind that was asked for.
    case malformed(String)
    /// A frame of a watch longer than ``WatchFrameReader/frameLimit``, in bytes.
    case frameTooLong(Int, limit: Int)
    /// The server ended the watch inside an event, with this many bytes of it there.
    case truncated(Int)
    /// The one object that was asked for cannot be read.
    case unreadable(ObjectFault)

    package var description: String {
        switch self {
        case .malformed(let what): "the API server's answer cannot be read: \(what)"
        case .frameTooLong(let count, let limit): "an event of \(count) bytes, where \(limit) are the limit"
        case .truncated(let count): "the watch ended inside an event, after \(count) bytes of it"
        case .unreadable(let fault): fault.description
        }
    }
}
