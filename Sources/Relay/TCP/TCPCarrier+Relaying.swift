internal import LinuxSystem

extension TCPCarrier {
    func clientChanged(_ connection: TCPConnection, _ event: Epoll.Event) {
        if event.isPeerEnded { connection.up.sourceEnds = true }
        if event.isUrgent { connection.up.hasUrgentData = true }
        if event.isWritable, connection.down.isBlocked {
            connection.down.isWritable = true
            moveDown(connection)
        }
        if event.isReadable || event.isPeerEnded || event.isHungUp {
            connection.up.isReadable = true
            moveUp(connection)
        }
        if event.isFailed { end(connection, .clientReset) }
    }

    func backendChanged(_ connection: TCPConnection, _ event: Epoll.Event) {
        if event.isPeerEnded { connection.down.sourceEnds = true }
        if event.isUrgent { connection.down.hasUrgentData = true }
        if event.isWritable, connection.up.isBlocked {
            connection.up.isWritable = true
            moveUp(connection)
        }
        if event.isReadable || event.isPeerEnded || event.isHungUp {
            connection.down.isReadable = true
            moveDown(connection)
        }
        // What it sent before its reset was passed on, as far as the client took it.
        if event.isFailed { end(connection, .backendReset) }
    }

    /// From the client to the backend.
    func moveUp(_ connection: TCPConnection) {
        guard connection.isOpen else { return }
        let outcome = connection.up.move(from: connection.client, to: connection.backend, pool)
        if connection.up.byteCount > 0 {
            connection.target.traffic.countIn(bytes: connection.up.byteCount)
            connection.up.byteCount = 0
            connection.lastMove = context.now
        }
        switch outcome {
        case .waiting: break
        case .interrupted:
            if !connection.up.isQueued { interrupted.append(connection.key) }
            connection.up.isQueued = true
        case .ended:
            if connection.down.hasEnded { return end(connection, .finished) }
            // Refused only when it was reset, which is reported.
            try? connection.backend.shutdownSending()
        case .sourceFailed: end(connection, .clientReset)
        case .sinkFailed: end(connection, .backendReset)
        }
    }

    /// From the backend to the client.
    func moveDown(_ connection: TCPConnection) {
        guard connection.isOpen else { return }
        let outcome = connection.down.move(from: connection.backend, to: connection.client, pool)
        if connection.down.byteCount > 0 {
            connection.target.traffic.countOut(bytes: connection.down.byteCount)
            connection.down.byteCount = 0
            connection.lastMove = context.now
        }
        switch outcome {
        case .waiting: break
        case .interrupted:
            if !connection.down.isQueued { interrupted.append(connection.key.of(.backend)) }
            connection.down.isQueued = true
        case .ended:
            if connection.up.hasEnded { return end(connection, .finished) }
            try? connection.client.shutdownSending()
        case .sourceFailed: end(connection, .backendReset)
        case .sinkFailed: end(connection, .clientReset)
        }
        if connection.down.isBlocked { watchClientWritable(connection) }
    }

    func clientInterest(_ connection: TCPConnection) -> Epoll.Interest {
        connection.watchesClientWritable ? Self.everything : Self.everythingButWritable
    }

    /// A client that takes everything is never asked whether it can take more: being told of that from the beginning
    /// would wake the worker once for nothing.
    private func watchClientWritable(_ connection: TCPConnection) {
        guard !connection.watchesClientWritable, connection.isOpen else { return }
        connection.watchesClientWritable = true
        do throws(Errno) {
            try context.rewatch(
                connection.client.descriptor.rawValue, clientInterest(connection), .tcp,
                token: connection.key.rawValue)
        } catch {
            context.statistics.count(.limit)
            end(connection, .stopped)
        }
    }
}
