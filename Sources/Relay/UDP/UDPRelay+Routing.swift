internal import LinuxSystem
internal import NetworkTypes

extension UDPRelay {
    /// The directory's answer; a refusal is counted, and told to the client.
    func answer(_ request: RelayRequest, _ flow: DatagramFlow) -> RelayAnswer {
        let answer = context.directory.answer(request)
        if case .refuse(let refusal) = answer { refuse(refusal, flow) }
        return answer
    }

    private func refuse(_ refusal: RelayRefusal, _ flow: DatagramFlow) {
        context.statistics.count(refusal)
        // At a limit the client may ask again.
        if refusal != .limit { clientErrors.tell(.portUnreachable, to: flow, now: now) }
    }

    /// The way a session's datagrams go now; nil: none, and it is over.
    ///
    /// A session leaves its backend when that has gone, or when its frontend has become another service's.
    func leg(of session: UDPSession) -> UDPLeg? {
        let present = session.leg
        if let present, present.epoch == epoch, !present.backend.isGone { return present }
        guard case .relay(let service, let scope) = answer(session.request, session.flow) else { return nil }
        if let present, present.service === service, present.scope == scope, !present.backend.isGone {
            present.epoch = epoch
            return present
        }
        if let present { close(present, of: session) }
        session.leg = nil
        guard let leg = open(service, scope, session.request, session.flow, &session.tried, for: session),
            take(leg, for: session)
        else { return nil }
        return leg
    }

    /// Makes a leg the session's; false: its events cannot be had, and the client is refused.
    func take(_ leg: UDPLeg, for session: UDPSession) -> Bool {
        session.leg = leg
        do throws(Errno) {
            try context.watch(
                leg.socket.descriptor.rawValue, .readable, .udp, token: Self.token(.session, session.number))
            return true
        } catch {
            refuse(.limit, session.flow)
            return false
        }
    }

    /// Chooses backends until there is a socket to one.
    ///
    /// - Parameter tried: grows by those that are out of reach; begins anew when none other is left, as those that failed
    ///   at earlier datagrams may be back.
    func open(
        _ service: RelayService, _ scope: RelayService.Scope, _ request: RelayRequest, _ flow: DatagramFlow,
        _ tried: inout [RelayBackend], for session: UDPSession?
    ) -> UDPLeg? {
        let isRetry = !tried.isEmpty
        var (mayBeginAnew, mayMakeRoom) = (isRetry, true)
        let options = service.options
        for _ in 0..<UDPLimits.attempts {
            guard let backend = service.choose(request, scope, after: tried) else {
                guard mayBeginAnew else { break }
                context.statistics.count(.allFailed)
                (tried, mayBeginAnew) = ([], false)
                continue
            }
            do throws(Errno) {
                let socket = try UDPLeg.connect(
                    to: backend.address, as: options.keepsClientAddress ? request.client : nil,
                    mark: context.configuration.mark)
                return UDPLeg(
                    socket, service, scope, backend, isRetry: isRetry || !tried.isEmpty, epoch: epoch, now: now)
            } catch {
                if UDPBackendError.isShortage(error) {
                    backend.release()
                    guard mayMakeRoom, evictOldest(except: session) else {
                        refuse(.limit, flow)
                        return nil
                    }
                    mayMakeRoom = false
                } else {
                    service.failed(request, backend, .unreachable)
                    backend.release()
                    tried.append(backend)
                }
            }
        }
        refuse(tried.isEmpty ? .noBackend : .allFailed, flow)
        return nil
    }

    /// The backend's socket said that it does not take datagrams: the client is told, and the next datagram goes elsewhere.
    func fail(_ session: UDPSession, _ leg: UDPLeg, _ error: UDPBackendError) {
        guard session.leg === leg else { return }
        leg.service.failed(session.request, leg.backend, error.failure)
        if !session.tried.contains(where: { $0 === leg.backend }) { session.tried.append(leg.backend) }
        leg.backend.release()
        session.leg = nil
        clientErrors.tell(error.problem, to: session.flow, now: now)
    }

    /// Lets go of a leg that did not fail.
    func close(_ leg: UDPLeg, of session: UDPSession) {
        if leg.hasSent { confirm(leg, of: session, took: .zero) }
        leg.backend.release()
    }

    /// The backend took the session: it answered, or did not refuse.
    ///
    /// - Parameter took: until the first answer; zero where none came.
    func confirm(_ leg: UDPLeg, of session: UDPSession, took: Duration) {
        if leg.isTaken { return }
        leg.isTaken = true
        leg.service.succeeded(session.request, leg.backend, took: took, isRetry: leg.isRetry)
    }
}
