internal import LinuxSystem
internal import NetworkTypes

extension UDPRelay {
    /// Sends what was sorted.
    func forwardWaiting() {
        if waiting.isEmpty { return }
        for session in waiting { forward(session) }
        waiting.removeAll(keepingCapacity: true)
    }

    /// Sends a session's slots to its backend, and where that refuses, to the next.
    private func forward(_ session: UDPSession) {
        var left = choose(session)
        if session.isOpen { sessions.touch(session, now: now) }
        for _ in 0..<UDPLimits.attempts where session.isOpen {
            guard let leg = leg(of: session) else {
                end(session, session.tried.isEmpty ? .drained : .backendReset)
                break
            }
            let sent = send(by: leg, of: session)
            left -= sent.datagrams
            guard let error = sent.error.flatMap(UDPBackendError.init) else { break }
            fail(session, leg, error)
        }
        statistics.count(.lost, left)
    }

    /// Returns how many datagrams there are.
    private func choose(_ session: UDPSession) -> Int {
        var (slot, count) = (session.firstSlot, 0)
        datagrams.chooseNone(canSegment: session.leg?.canSegment ?? true)
        while let chosen = slot {
            datagrams.choose(chosen)
            count += datagrams.datagrams(in: chosen)
            slot = nextSlot[chosen]
        }
        session.firstSlot = nil
        return count
    }

    private func send(by leg: UDPLeg, of session: UDPSession) -> DatagramRelay.Sent {
        let sent = datagrams.send(to: leg.socket)
        leg.canSegment = sent.canSegment
        if sent.datagrams > 0 {
            leg.hasSent = true
            leg.backend.traffic.countIn(bytes: sent.bytes, packets: sent.datagrams)
            if !leg.isTaken, now - leg.started >= UDPLimits.silence { confirm(leg, of: session, took: .zero) }
        }
        return sent
    }

    /// Takes answers, and errors, from a session's backend.
    func handle(_ event: Epoll.Event, of session: UDPSession) {
        guard let leg = session.leg else { return }
        var error = event.isHungUp ? takeErrors(of: leg) : nil
        for _ in 0..<UDPLimits.batchesPerEvent {
            do throws(Errno) {
                let count = try datagrams.receive(from: leg.socket, telling: false)
                if count > 0 { answer(session, leg, count) }
                if count < UDPLimits.batch { break }
            } catch let refused {
                error = error ?? UDPBackendError(refused)
                break
            }
        }
        if let error { fail(session, leg, error) }
    }

    private func takeErrors(of leg: UDPLeg) -> UDPBackendError? {
        var first: UDPBackendError?
        for _ in 0..<UDPLimits.errorsPerEvent {
            guard let error = leg.socket.takeICMPError() else { break }
            first = first ?? UDPBackendError(error)
        }
        return first
    }

    /// Sends the slots that were received to the client, from the frontend's address and port.
    private func answer(_ session: UDPSession, _ leg: UDPLeg, _ count: Int) {
        confirm(leg, of: session, took: now - leg.started)
        if !session.tried.isEmpty { session.tried = [] }
        sessions.touch(session, now: now)
        datagrams.chooseNone(canSegment: session.canSegmentAnswers)
        var left = 0
        for slot in 0..<count {
            datagrams.choose(slot)
            left += datagrams.datagrams(in: slot)
        }
        let sent = sendBack(session)
        if let sent {
            session.canSegmentAnswers = sent.canSegment
            leg.backend.traffic.countOut(bytes: sent.bytes, packets: sent.datagrams)
        }
        statistics.count(.lost, left - (sent?.datagrams ?? 0))
    }

    /// nil: there is no socket to answer from.
    private func sendBack(_ session: UDPSession) -> DatagramRelay.Sent? {
        if session.listener.hasPort(of: session.flow) {
            return datagrams.sendBack(from: session.listener.socket.socket, along: session.flow, naming: true)
        }
        guard let reply = session.replySocket ?? replySocket(for: session) else {
            return try? datagrams.sendBackRaw(along: session.flow, mark: context.configuration.mark)
        }
        return datagrams.sendBack(from: reply.socket, along: session.flow, naming: false)
    }

    private func replySocket(for session: UDPSession) -> UDPReplySocket? {
        var address = session.flow.local
        if address.address.isLinkLocal { address.scope = session.flow.scope }
        guard let socket = takeReplySocket(address, for: session) else { return nil }
        if socket.users > 0 { session.replySocket = socket }
        return socket
    }

    /// Out of descriptors, the session idle for longest gives one.
    private func takeReplySocket(_ address: SocketAddress, for session: UDPSession) -> UDPReplySocket? {
        do throws(Errno) {
            return try replySockets.take(address)
        } catch {
            guard UDPBackendError.isShortage(error), evictOldest(except: session) else { return nil }
            return try? replySockets.take(address)
        }
    }
}
