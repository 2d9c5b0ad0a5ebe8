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
    case failed(ReflectorFailure)
    /// What is told no longer follows what is.
    ///
    /// - Parameter since: seconds since 1970; until then it did.
    case lost(since: Int64)
    /// What is told follows what is, from now on: a list is complete, or a watch goes on.
    case following
    /// An object that cannot be read, told once for each of its faults.
    case unreadable(ObjectFault)
}

/// A request or a watch that failed.
package struct ReflectorFailure: Sendable, Hashable {
    /// One line.
    package var reason: String
    /// The last failure was another, or something went well since: worth a line in the log.
    package var isNew: Bool
    /// Attempts that failed without anything going well between, this one included.
    package var inARow: Int
    package var retryIn: Duration
    /// It is the server's, or everybody's who asks with these credentials, and not a matter of this kind.
    package var concernsServer: Bool
    /// A watch fell silent, and the next has yet to prove that there is more to hear.
    package var isSilence: Bool

    package init(
        reason: String, isNew: Bool, inARow: Int, retryIn: Duration, concernsServer: Bool = true, isSilence: Bool = false
    ) {
        self.reason = reason
        self.isNew = isNew
        self.inARow = inARow
        self.retryIn = retryIn
        self.concernsServer = concernsServer
        self.isSilence = isSilence
    }
}
