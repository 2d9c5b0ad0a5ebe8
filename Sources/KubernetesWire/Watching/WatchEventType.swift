/// `type` of a watch's event.
package enum WatchEventType: String, Sendable, Hashable, CaseIterable {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
    case bookmark = "BOOKMARK"
    case error = "ERROR"
}

extension WatchEvent {
    /// On the bookmark that ends the initial events of a streamed list, with the value `true` (KEP-3157).
    static let initialEventsEnd = "k8s.io/initial-events-end"

    static func set(_ read: ReadObject) -> WatchEvent {
        switch read {
        case .object(let object): .set(object)
        case .unreadable(let fault, let version): .unreadable(fault, resourceVersion: version)
        }
    }
}
