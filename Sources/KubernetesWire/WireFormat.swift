/// How objects are written on the wire.
package enum WireFormat: String, Sendable, Hashable, CaseIterable {
    /// `application/vnd.kubernetes.protobuf`: the bytes `k8s\0`, then a `runtime.Unknown` with the object in it.
    case protobuf
    case json

    /// Of `Accept` and `Content-Type`.
    package var mediaType: String {
        switch self {
        case .protobuf: "application/vnd.kubernetes.protobuf"
        case .json: "application/json"
        }
    }

    /// Of `Accept` where a watch is asked for: its events are framed, each with its length before it where they are protobuf.
    package var watchMediaType: String {
        switch self {
        case .protobuf: "application/vnd.kubernetes.protobuf;stream=watch"
        case .json: "application/json;stream=watch"
        }
    }

    /// The format that a `Content-Type` names, whatever its parameters; nil: neither.
    package init?(contentType: String) {
        var type = contentType.lowercased().prefix { $0 != ";" }
        while type.last == " " { type.removeLast() }
        guard let format = Self.allCases.first(where: { $0.mediaType == type }) else { return nil }
        self = format
    }
}
