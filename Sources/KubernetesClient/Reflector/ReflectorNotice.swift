package import KubernetesWire

/// What a reflector tells beside the objects, for counters and the log.
package enum ReflectorNotice: Sendable, Hashable {
    /// A list begins: the first, or anew. Each page is a request of its own.
    case listing(streamed: Bool)
    /// A list is complete.
    case listed(objects: Int, streamed: Bool)
    /// The server has accepted a watch.
    case watching
    /// Events of one read: handed on, and passed over because they came twice or late.
    case events(applied: Int, passedOver: Int)
    /// The version to go on from is too old: a list follows.
    case expired
    /// The server streams no lists; from now on they are read in pages.
    case withoutStreams(String)
    /// A request or a watch failed.
    ///
    /// - Parameters:
    ///   - reason: one line.
    ///   - isNew: the last failure was another, or something went well since: worth a line in the log.
    case failed(reason: String, isNew: Bool, retryIn: Duration)
    /// An object that cannot be read, told once for each of its faults.
    case unreadable(ObjectFault)
}
