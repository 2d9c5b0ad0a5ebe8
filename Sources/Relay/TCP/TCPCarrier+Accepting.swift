internal import LinuxSystem
internal import NetworkTypes

extension TCPCarrier {
    func add(_ socket: RelaySocket) throws(Errno) {
        let index = listeners.firstIndex { $0 == nil } ?? listeners.count
        let listening = TCPListening(socket)
        if index == listeners.count { listeners.append(listening) } else { listeners[index] = listening }
        guard pause == nil else { return }
        do throws(Errno) { try listen(index) } catch {
            listeners[index] = nil
            throw error
        }
    }

    /// What waits to be accepted comes in still: the kernel would reset it.
    func remove(_ socket: RelaySocket) {
        guard let index = listeners.firstIndex(where: { $0?.socket === socket }) else { return }
        if pause == nil {
            var left = TCPListening.backlogLimit
            while left > 0, acceptOne(index) { left -= 1 }
            stopListening(index)
        }
        listeners[index] = nil
    }

    func accept(_ index: Int) {
        guard index < listeners.count, let burst = listeners[index]?.burst else { return }
        var accepted = 0
        while accepted < burst, acceptOne(index) { accepted += 1 }
        listeners[index]?.burst = accepted == burst ? min(burst * 2, TCPListening.burstLimit) : max(accepted, 1)
    }

    /// Listens again, if what it stopped for is there.
    func resume() {
        guard let pause else { return }
        if pause.reason == .connections, context.capacity.count > context.capacity.watermark {
            return context.capacity.whenThere(.room, worker: context.index, context.requestResume)
        }
        self.pause = nil
        for index in listeners.indices where listeners[index] != nil {
            do throws(Errno) { try listen(index) } catch { return pauseListening(.resources) }
        }
    }

    func pauseListening(_ reason: RelayStatistics.Pause) {
        guard pause == nil else { return }
        context.statistics.count(reason)
        let end = reason == .resources ? context.now + context.configuration.starvationPause : nil
        pause = TCPPause(reason: reason, end: end)
        for index in listeners.indices where listeners[index] != nil { stopListening(index) }
        context.capacity.whenThere(
            reason == .resources ? .resources : .room, worker: context.index, context.requestResume)
    }

    private func listen(_ index: Int) throws(Errno) {
        guard let descriptor = listeners[index]?.socket.socket.descriptor.rawValue else { return }
        try context.watch(descriptor, .readable, .tcp, token: TCPToken(.listener, index: index).rawValue)
    }

    private func stopListening(_ index: Int) {
        guard let descriptor = listeners[index]?.socket.socket.descriptor.rawValue else { return }
        // Refused only when it is not watched, as after a failure to resume.
        try? context.epoll.remove(descriptor)
    }

    /// - Returns: false when there is nothing to accept, or nothing may be.
    private func acceptOne(_ index: Int) -> Bool {
        guard pause == nil, let listening = listeners[index] else { return false }
        guard context.capacity.hasRoom else {
            pauseListening(.connections)
            return false
        }
        do throws(Errno) {
            guard let accepted = try listening.socket.socket.accept() else { return false }
            let peer = accepted.peer
            context.capacity.take()
            if !begin(accepted.take(), peer, listening) { context.capacity.giveBack() }
            return true
        } catch {
            guard error.isWantOfResources else {
                // It was over before it was accepted, or a fault of its network (accept(2)): the next one may be well.
                return true
            }
            // What is kept for use again may be all that is wanted.
            if !pool.trim() { pauseListening(.resources) }
            return false
        }
    }

    /// - Returns: false when it was refused.
    private func begin(_ client: consuming Socket, _ peer: SocketAddress, _ listening: TCPListening) -> Bool {
        guard let destination = listening.destination(of: client) else {
            refuse(client, .unknownFrontend)
            return false
        }
        let request = RelayRequest(.tcp, from: peer, to: destination, origin: listening.socket.listener.origin)
        switch context.directory.answer(request) {
        case .refuse(let reason):
            refuse(client, reason)
            return false
        case .relay(let service, let scope):
            return connect(client, request, TCPRoute(service: service, scope: scope, options: service.options))
        }
    }

    func refuse(_ client: borrowing Socket, _ reason: RelayRefusal) {
        context.statistics.count(reason)
        // Refused only when it has ended by itself.
        try? client.resetOnClose()
    }
}
