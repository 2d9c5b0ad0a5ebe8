internal import LinuxSystem
internal import NetworkTypes

extension TCPCarrier {
    /// Begins to connect to a backend for a client.
    ///
    /// - Returns: false when it was refused.
    func connect(_ client: consuming Socket, _ request: RelayRequest, _ route: TCPRoute) -> Bool {
        var tried: [RelayBackend] = []
        guard let key = connections.nextKey() else {
            refuse(client, .limit)
            return false
        }
        switch attempt(request, route, key, &tried) {
        case .refused(let reason):
            refuse(client, reason)
            return false
        case .begun(let attempt):
            let connection = TCPConnection(key, client, request, route, attempt, tried: tried, now: context.now)
            connections.insert(connection)
            awaitAnswer(connection)
            return true
        }
    }

    /// The socket of an attempt has an event.
    func attemptChanged(_ connection: TCPConnection, _ event: Epoll.Event) {
        if event.isHungUp {
            let error = (try? connection.backend.takeError()) ?? nil
            attemptFailed(connection, RelayService.Failure(error ?? .connectionReset))
        } else if event.isWritable {
            established(connection, event)
        }
    }

    /// The backend did not answer in its time: the next one is tried. Where there is none, this one has the next time as
    /// well, in which the kernel repeats a lost SYN.
    func attemptExpired(_ connection: TCPConnection) {
        connection.deadline = nil
        connection.expirations += 1
        guard connection.expirations < context.configuration.connectTimeouts.count else {
            reportFailure(of: connection, .timedOut)
            return close(connection, refusal: .allFailed)
        }
        var tried = connection.tried + [connection.target]
        switch attempt(connection.request, connection.route, connection.key, &tried) {
        case .begun(let attempt):
            reportFailure(of: connection, .timedOut)
            connection.tried = tried
            go(connection, to: attempt)
        case .refused:
            tried.removeAll { $0 === connection.target }
            connection.tried = tried
            awaitAnswer(connection)
        }
    }

    private func reportFailure(of connection: TCPConnection, _ failure: RelayService.Failure) {
        connection.route.service.failed(connection.request, connection.target, failure)
        connection.target.release()
    }

    private func go(_ connection: TCPConnection, to attempt: consuming TCPAttempt) {
        connection.target = attempt.target
        connection.backend = attempt.socket
        connection.attemptBegan = context.now
        awaitAnswer(connection)
    }

    /// Goes on to the next backend. Nothing is lost: nothing of the client was read.
    func attemptFailed(_ connection: TCPConnection, _ failure: RelayService.Failure) {
        connection.deadline = nil
        reportFailure(of: connection, failure)
        connection.tried.append(connection.target)
        switch attempt(connection.request, connection.route, connection.key, &connection.tried) {
        case .refused(let reason): close(connection, refusal: reason)
        case .begun(let attempt): go(connection, to: attempt)
        }
    }

    private func awaitAnswer(_ connection: TCPConnection) {
        let timeouts = context.configuration.connectTimeouts
        setDeadline(connection, context.now + timeouts[connection.expirations])
    }

    private enum Attempt: ~Copyable {
        case begun(TCPAttempt)
        case refused(RelayRefusal)
    }

    /// Begins to connect to the next backend, leaving out those that refuse at once.
    private func attempt(
        _ request: RelayRequest, _ route: TCPRoute, _ key: TCPToken, _ tried: inout [RelayBackend]
    ) -> Attempt {
        var hadNoPort = false
        while tried.count < context.configuration.backendLimit,
            let backend = route.service.choose(request, route.scope, after: tried)
        {
            do throws(Errno) {
                let socket = try open(backend.address, request.client, route.options)
                _ = try socket.connect(to: backend.address)
                // What happens from now on is reported, also an answer that came within the call.
                try context.watch(
                    socket.descriptor.rawValue, Self.everything, .tcp, token: key.of(.backend).rawValue)
                return .begun(TCPAttempt(socket: socket, target: backend))
            } catch {
                if error.isWantOfResources {
                    backend.release()
                    if !pool.trim() { pauseListening(.resources) }
                    return .refused(.limit)
                }
                // All local ports towards it are in use: no fault of the backend's.
                if error == .addressNotAvailable {
                    hadNoPort = true
                } else {
                    route.service.failed(request, backend, RelayService.Failure(error))
                }
                backend.release()
                tried.append(backend)
            }
        }
        return .refused(hadNoPort ? .limit : tried.isEmpty ? .noBackend : .allFailed)
    }

    private func open(
        _ backend: SocketAddress, _ client: SocketAddress, _ options: RelayService.Options
    ) throws(Errno) -> Socket {
        let socket = try Socket(stream: backend.family)
        try socket.setNoDelay()
        try socket.keepUrgentDataInline()
        if context.configuration.mark != 0 { try socket.setMark(context.configuration.mark) }
        if options.keepsClientAddress, backend.canAnswer(client) {
            try socket.setTransparent()
            try socket.bindWithoutPort(to: client.address)
        }
        return socket
    }

    private func established(_ connection: TCPConnection, _ event: Epoll.Event) {
        connection.deadline = nil
        connection.phase = .established
        connection.lastMove = context.now
        let took = connection.attemptBegan.duration(to: context.now)
        context.statistics.connectTimes.count(took)
        connection.route.service.succeeded(
            connection.request, connection.target, took: took,
            isRetry: !connection.tried.isEmpty)
        if connection.target.isGone { beginDrain(connection) }
        guard sendProxyHeader(connection) else { return end(connection, .backendReset) }
        // Most clients have sent their request by now: it is read before the client is watched, which spares a round.
        connection.up.isReadable = true
        move(connection, from: .client)
        guard connection.isOpen else { return }
        do throws(Errno) {
            try context.watch(
                connection.client.descriptor.rawValue, clientInterest(connection), .tcp,
                token: connection.key.rawValue)
        } catch {
            context.statistics.count(.limit)
            return end(connection, .stopped)
        }
        if event.isReadable || event.isPeerEnded { changed(connection, .backend, event) }
    }

    /// A new connection's send buffer has room for a header.
    private func sendProxyHeader(_ connection: TCPConnection) -> Bool {
        guard let version = connection.route.options.proxyProtocol else { return true }
        let header = ProxyHeader.bytes(
            version, from: connection.request.client, to: connection.request.destination)
        let sent = try? connection.backend.send(header.span)
        return sent == .some(header.count)
    }
}

extension RelayService.Failure {
    init(_ error: Errno) {
        self =
            switch error {
            case .connectionRefused, .connectionReset: .refused
            case .timedOut: .timedOut
            default: .unreachable
            }
    }
}
