internal import LinuxSystem
internal import LoadBalancing
internal import NetworkTypes

/// What a service keeps under its lock.
struct RelayServiceState {
    var options = RelayService.Options()
    var affinity: RelayAffinity?
    var cluster = RelayPool()
    var local = RelayPool()
    /// By place: those of the sets, those that linger, and those that have gone and still have connections.
    var backends: [SocketAddress: RelayBackend] = [:]
    /// Of backends that are forgotten.
    var past = RelayTraffic.Counts()
    private(set) var rests: [ObjectIdentifier: ContinuousClock.Instant] = [:]
    private var firstRestEnds: ContinuousClock.Instant?
    var random: Lehmer64

    init(seed: UInt64) { random = Lehmer64(seed: seed) }

    /// Time matters to the next choice.
    var needsTime: Bool { affinity != nil || !rests.isEmpty }

    /// - Parameter now: where time matters.
    mutating func choose(
        _ request: RelayRequest, _ scope: RelayService.Scope, after tried: [RelayBackend],
        at now: ContinuousClock.Instant?
    ) -> RelayBackend? {
        if let now { endRests(at: now) }
        guard let affinity, let now else { return draw(request, scope, after: tried) }
        let client = request.client.address
        if let place = affinity.memory.place(of: client, at: now, within: affinity.timeout),
            let backend = known(at: place, scope, anyPort: affinity.isShared),
            !RelayPool.Exclusion(tried: tried, rests: rests).excludes(backend)
        {
            return backend
        }
        let chosen = draw(request, scope, after: tried)
        if let chosen {
            // Not only once it has answered: connections that come together go together.
            affinity.memory.remember(client, at: chosen.address, since: now, within: affinity.timeout)
        } else {
            affinity.memory.forget(client)
        }
        return chosen
    }

    private func known(at place: SocketAddress, _ scope: RelayService.Scope, anyPort: Bool) -> RelayBackend? {
        switch scope {
        case .cluster: cluster.backend(at: place, anyPort: anyPort)
        case .local: local.backend(at: place, anyPort: anyPort)
        }
    }

    /// Those that rest only when all others were tried: a client that would fail is worth an attempt.
    private mutating func draw(
        _ request: RelayRequest, _ scope: RelayService.Scope, after tried: [RelayBackend]
    ) -> RelayBackend? {
        if let backend = draw(request, scope, besides: RelayPool.Exclusion(tried: tried, rests: rests)) { return backend }
        return rests.isEmpty ? nil : draw(request, scope, besides: RelayPool.Exclusion(tried: tried, rests: [:]))
    }

    private mutating func draw(
        _ request: RelayRequest, _ scope: RelayService.Scope, besides exclusion: RelayPool.Exclusion
    ) -> RelayBackend? {
        switch scope {
        case .cluster: cluster.draw(request, besides: exclusion, using: &random)
        case .local: local.draw(request, besides: exclusion, using: &random)
        }
    }

    // MARK: Rest

    /// The backend rests until then, unless it is the last of a set that does not.
    mutating func rest(_ backend: RelayBackend, at now: ContinuousClock.Instant, until end: ContinuousClock.Instant) {
        endRests(at: now)
        if isLast(backend, of: cluster) || isLast(backend, of: local) { return }
        // It may have left meanwhile.
        guard backends[backend.address] === backend, !backend.isGone else { return }
        rests[ObjectIdentifier(backend)] = end
        firstRestEnds = firstRestEnds.map { min($0, end) } ?? end
    }

    mutating func endRest(of backend: RelayBackend) { rests[ObjectIdentifier(backend)] = nil }

    private mutating func endRests(at now: ContinuousClock.Instant) {
        guard let first = firstRestEnds, first <= now else { return }
        rests = rests.filter { $0.value > now }
        firstRestEnds = rests.values.min()
    }

    private func isLast(_ backend: RelayBackend, of pool: RelayPool) -> Bool {
        var isThere = false
        for (member, other) in zip(pool.layout.members, pool.backends) where member.weight > 0 {
            if other === backend { isThere = true } else if rests[ObjectIdentifier(other)] == nil { return false }
        }
        return isThere
    }
}
