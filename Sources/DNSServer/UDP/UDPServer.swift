package import LinuxSystem

/// Answers over UDP: a thread for each core, each with a socket of its own for every address.
package final class UDPServer: Sendable {
    package struct Configuration: Sendable, Hashable {
        /// Threads, and sockets of an address.
        package var workerCount: Int
        package var responder: ResponderOptions

        package init(workerCount: Int, responder: ResponderOptions = ResponderOptions()) {
            self.workerCount = workerCount
            self.responder = responder
        }
    }

    /// One for each thread.
    package let statistics: [ServerStatistics]

    /// Starts the threads, in the network namespace of the calling thread; they have no sockets yet.
    package init(
        _ configuration: Configuration, zones: ZonePublisher, forwarder: (any ForwardSink)? = nil
    ) throws {
        statistics = (0..<configuration.workerCount).map { _ in ServerStatistics() }
    }

    /// Binds an address in the network namespace of the calling thread, and begins to answer there.
    ///
    /// - Returns: the address with the port that was bound, where `address` has port 0.
    /// - Throws: SystemError, which names the address and says why.
    @discardableResult package func add(_ address: SocketAddress) throws(SystemError) -> SocketAddress { address }

    /// Stops answering at an address, after what is queued was answered. Returns when its sockets are closed.
    package func remove(_ address: SocketAddress) {}

    /// Removes every address and ends the threads. Waits: not for the cooperative pool.
    package func stop() {}
}
