/// How the processes of node-a and its pods come to be among those whose sockets a dataplane balances.
package struct SocketLevel: Sendable {
    /// Makes the calling thread one of them for the rest of its life.
    let join: @Sendable () throws -> Void

    /// - Parameter join: called on a thread of its own, in the sender's network namespace, before it opens sockets.
    package init(join: @escaping @Sendable () throws -> Void) { self.join = join }
}
