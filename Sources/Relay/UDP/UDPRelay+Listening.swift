internal import LinuxSystem
internal import NetworkTypes

extension UDPRelay {
    func add(_ socket: RelaySocket) throws(Errno) {
        try socket.socket.prepareFlowListener()
        // Where it is refused the kernel's own size does.
        try? socket.socket.setReceiveBuffer(byteCount: UDPLimits.listenerBuffer)
        let number = listeners.firstIndex { $0 == nil } ?? listeners.count
        let listener = UDPListener(socket, number: number)
        try context.watch(socket.socket.descriptor.rawValue, .readable, .udp, token: Self.token(.listener, number))
        if number == listeners.count { listeners.append(listener) } else { listeners[number] = listener }
        replace(with: listener)
    }

    /// Sessions whose answers leave through it have a moment for those that are on their way. The others go on: what
    /// they still receive leaves from a socket that has the frontend's address.
    func remove(_ socket: RelaySocket) {
        guard let listener = listeners.compactMap({ $0 }).first(where: { $0.socket === socket }) else { return }
        try? context.epoll.remove(socket.socket.descriptor.rawValue)
        listeners[listener.number] = nil
        if listener.users > 0 {
            listener.end = now + UDPLimits.removedListener
            removed.append(listener)
        }
    }

    /// A listener that comes back takes over the sessions of its predecessor, which would go on to get its share of the
    /// datagrams and read none.
    private func replace(with listener: UDPListener) {
        for former in removed where former.socket.address == listener.socket.address {
            for session in sessions.all where session.listener === former { session.listener = listener }
            listener.users += former.users
            // Connected to nobody it gets nothing more, so that all that came between the two is read.
            _ = try? former.socket.socket.connect(to: .nobody(former.socket.address.family))
            receive(from: former.socket, for: listener)
        }
        removed.removeAll { $0.socket.address == listener.socket.address }
    }

    /// - Parameter listener: that answers leave through; `socket` is its own or its predecessor's.
    func receive(from socket: RelaySocket, for listener: UDPListener) {
        for _ in 0..<UDPLimits.batchesPerEvent {
            // Out of memory for a moment, if it is refused.
            let count = (try? datagrams.receive(from: socket.socket, telling: true)) ?? 0
            sort(count, listener)
            forwardWaiting()
            if count < UDPLimits.batch { return }
        }
    }

    /// Gives each slot to its session.
    private func sort(_ count: Int, _ listener: UDPListener) {
        var session: UDPSession?
        for slot in 0..<count {
            guard let flow = datagrams.flow(of: slot), !flow.isToGroup else {
                statistics.count(.lost, datagrams.datagrams(in: slot))
                continue
            }
            if session?.flow != flow || session?.isOpen != true {
                session = sessions[flow] ?? begin(flow, listener)
            }
            guard let session else {
                statistics.count(.lost, datagrams.datagrams(in: slot))
                continue
            }
            append(slot, to: session)
        }
    }

    private func append(_ slot: Int, to session: UDPSession) {
        nextSlot[slot] = nil
        if session.firstSlot == nil {
            session.firstSlot = slot
            waiting.append(session)
        } else {
            nextSlot[session.lastSlot] = slot
        }
        session.lastSlot = slot
    }

    /// - Returns: nil: it was refused.
    private func begin(_ flow: DatagramFlow, _ listener: UDPListener) -> UDPSession? {
        // What came before goes first: a session among it may have to make room.
        forwardWaiting()
        let destination = listener.destination(of: flow)
        let request = RelayRequest(.udp, from: flow.peer, to: destination, origin: listener.listener.origin)
        guard case .relay(let service, let scope) = answer(request, flow) else { return nil }
        var tried: [RelayBackend] = []
        guard let leg = open(service, scope, request, flow, &tried, for: nil) else { return nil }
        // Only now: a client that is refused displaces nobody.
        makeRoom(for: request.client.address)
        let session = sessions.insert(flow, request, listener, now: now)
        if listener.hasPort(of: flow) { listener.users += 1 }
        session.tried = tried
        if take(leg, for: session) { return session }
        end(session, .evicted)
        return nil
    }
}

extension DatagramFlow {
    /// Sent to many at once: nobody's frontend, and no source of an answer.
    fileprivate var isToGroup: Bool {
        family == .ipv4 ? localBits >> 28 == 0xE || localBits == 0xFFFF_FFFF : localBits >> 120 == 0xFF
    }
}
