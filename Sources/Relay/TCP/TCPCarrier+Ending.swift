internal import LinuxSystem

extension TCPCarrier {
    /// Ends a connection, once: with a reset on both sides unless both have ended by themselves.
    func end(_ connection: TCPConnection, _ reason: RelayStatistics.End) {
        guard connection.isOpen else { return }
        if reason != .finished {
            // Refused only when it was reset already.
            try? connection.client.resetOnClose()
            try? connection.backend.resetOnClose()
        }
        context.statistics.count(reason)
        connection.target.release()
        forget(connection)
    }

    /// No backend answered. The one that was tried last is released already.
    func close(_ connection: TCPConnection, refusal: RelayRefusal) {
        refuse(connection.client, refusal)
        forget(connection)
    }

    /// Its sockets close with it.
    private func forget(_ connection: TCPConnection) {
        connection.up.release(to: pool)
        connection.down.release(to: pool)
        connections.remove(connection)
        connection.isOpen = false
        if connections.count == 0 { pool.trim() }
        context.capacity.giveBack()
    }

    /// Its backend has gone: it may go on for the service's time to drain.
    func beginDrain(_ connection: TCPConnection) {
        guard !connection.isDraining else { return }
        connection.isDraining = true
        guard let seconds = connection.route.service.options.drainSeconds else { return }
        setDeadline(connection, context.now + .seconds(seconds))
    }

    /// Its backend came back.
    func endDrain(_ connection: TCPConnection) {
        guard connection.isDraining else { return }
        connection.isDraining = false
        connection.deadline = nil
    }
}
