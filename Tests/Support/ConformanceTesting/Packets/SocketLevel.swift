/// How processes of node-a and its pods come to be among those whose sockets a dataplane balances.
package struct SocketLevel: Sendable {
    /// The senders that are.
    let senders: @Sendable (Sender) -> Bool
    /// Makes the calling thread one of them for the rest of its life.
    let join: @Sendable () throws -> Void

    /// - Parameters:
    ///   - senders: some of those on node-a.
    ///   - join: called on a thread of its own, in the sender's network namespace, before it opens sockets.
    package init(
        of senders: @escaping @Sendable (Sender) -> Bool, join: @escaping @Sendable () throws -> Void
    ) {
        self.senders = senders
        self.join = join
    }
}
