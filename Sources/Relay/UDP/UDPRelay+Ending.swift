internal import LinuxSystem
internal import NetworkTypes

extension UDPRelay {
    var deadline: ContinuousClock.Instant? {
        var next = sessions.oldest.map { $0.lastUsed + context.configuration.sessionIdleTimeout }
        for listener in removed { if let end = listener.end { next = min(next ?? end, end) } }
        return next
    }

    func deadlinePassed() {
        let last = now - context.configuration.sessionIdleTimeout
        for _ in 0..<UDPLimits.endsPerRound {
            guard let session = sessions.oldest, session.lastUsed <= last else { break }
            end(session, .idle)
        }
        for listener in removed { if let end = listener.end, end <= now { close(listener) } }
    }

    private func close(_ listener: UDPListener) {
        for session in sessions.all where session.listener === listener && listener.hasPort(of: session.flow) {
            end(session, .stopped)
        }
        removed.removeAll { $0 === listener }
    }

    /// Ends the sessions that a new one of this client takes the place of.
    func makeRoom(for client: IPAddress) {
        while sessions.count(of: client) >= clientShare, let oldest = sessions.oldest(of: client) { end(oldest, .evicted) }
        while sessions.count >= sessionShare, let oldest = sessions.oldest { end(oldest, .evicted) }
    }

    /// Ends the session idle for longest, for its descriptor; false when there is none but `session`.
    func evictOldest(except session: UDPSession?) -> Bool {
        guard let oldest = sessions.oldest, oldest !== session else { return false }
        end(oldest, .evicted)
        return true
    }

    func end(_ session: UDPSession, _ reason: RelayStatistics.End) {
        guard session.isOpen else { return }
        session.isOpen = false
        if let leg = session.leg { close(leg, of: session) }
        session.leg = nil
        if let reply = session.replySocket { replySockets.giveBack(reply) }
        session.replySocket = nil
        sessions.remove(session)
        context.statistics.count(reason)
        let listener = session.listener
        guard listener.hasPort(of: session.flow) else { return }
        listener.users -= 1
        if listener.users == 0, listener.end != nil { removed.removeAll { $0 === listener } }
    }

    /// Ends everything.
    func end() {
        for session in sessions.all { end(session, .stopped) }
        (listeners, removed) = ([], [])
    }
}
