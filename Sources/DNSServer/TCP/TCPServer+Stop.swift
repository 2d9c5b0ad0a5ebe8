internal import NIOCore
internal import NIOPosix
internal import Synchronization

extension TCPServer {
    /// Stops: what waits to be accepted is accepted, then no more; every connection finishes what was asked and ends
    /// once it is quiet. What is left after `deadline` is cut off. Returns when no connection is open.
    package func stop(within deadline: Duration = .seconds(5)) async {
        let eventLoop = group.next()
        for channel in listeners.withLock({ listeners in
            defer { listeners = [:] }
            return Array(listeners.values)
        }) {
            closeListener(channel)
            // An error means that it was closed already.
            try? await channel.closeFuture.get()
        }
        connections.stop()
        let cut = eventLoop.scheduleTask(in: TimeAmount(deadline)) { [connections] in connections.abort() }
        let empty = eventLoop.makePromise(of: Void.self)
        connections.whenEmpty(empty)
        // It cannot fail: it is only ever succeeded.
        try? await empty.futureResult.get()
        cut.cancel()
    }
}
