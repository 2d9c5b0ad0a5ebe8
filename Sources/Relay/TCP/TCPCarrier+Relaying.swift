internal import LinuxSystem

extension TCPCarrier {
    /// A socket of an established connection has an event.
    func changed(_ connection: TCPConnection, _ side: TCPSide, _ event: Epoll.Event) {
        if event.isPeerEnded { connection.withDirection(from: side) { $0.sourceEnds = true } }
        if event.isUrgent { connection.withDirection(from: side) { $0.hasUrgentData = true } }
        if event.isWritable, connection.withDirection(from: side.other, { $0.isBlocked }) {
            connection.withDirection(from: side.other) { $0.isWritable = true }
            move(connection, from: side.other)
        }
        if event.isReadable || event.isPeerEnded || event.isHungUp {
            connection.withDirection(from: side) { $0.isReadable = true }
            move(connection, from: side)
        }
        // What it sent before its reset was passed on, as far as the other side took it.
        if event.isFailed { end(connection, side.reset) }
    }

    /// Moves what one side sent to the other.
    func move(_ connection: TCPConnection, from side: TCPSide) {
        guard connection.isOpen else { return }
        let outcome = connection.move(from: side, pool)
        if connection.countMoved(from: side) { connection.lastMove = context.now }
        switch outcome {
        case .waiting: break
        case .interrupted: queue(connection, side)
        case .ended:
            if connection.withDirection(from: side.other, { $0.hasEnded }) { return end(connection, .finished) }
            connection.shutdownSending(to: side.other)
        case .sourceFailed: end(connection, side.reset)
        case .sinkFailed: end(connection, side.other.reset)
        }
        if side == .backend, connection.down.isBlocked { watchClientWritable(connection) }
    }

    /// It has its turn in the next round.
    private func queue(_ connection: TCPConnection, _ side: TCPSide) {
        connection.withDirection(from: side) { direction in
            if !direction.isQueued { interrupted.append(connection.key.of(side.token)) }
            direction.isQueued = true
        }
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
