internal import Dataplane
internal import LinuxSystem
internal import NetworkTypes
internal import Relay
internal import ServiceTable

extension RelayService.Content {
    /// - Parameters:
    ///   - memory: of the one who remembers this service port's clients; unused without affinity.
    ///   - drainSeconds: see `RelayService.Options`.
    ///   - answersReturn: packets to a client's address come to the relay where they are its own.
    init(_ port: ServicePort, memory: ClientMemory?, drainSeconds: Int?, answersReturn: Bool) {
        self.init()
        options = RelayService.Options(port.relay, drainSeconds: drainSeconds)
        if !answersReturn { options.keepsClientAddress = false }
        method = port.scheduler.method
        if let given = port.affinity, let memory {
            affinity = RelayAffinity(
                memory, timeout: .seconds(given.timeoutSeconds), isShared: given.scope == .service)
        }
        cluster = port.clusterBackends.backends.map(RelayService.Member.init)
        local = port.localBackends.backends.map(RelayService.Member.init)
        lingering = port.lingering.map(SocketAddress.init)
    }

    /// Nothing is left but what has connections.
    init(drainSeconds: Int?) {
        self.init()
        options.drainSeconds = drainSeconds
    }

    /// The same, but a set that is to be empty still has what it had: for as long as frontends lead there.
    func keeping(_ old: RelayService.Content) -> RelayService.Content {
        var content = self
        if cluster.isEmpty { content.cluster = old.cluster }
        if local.isEmpty { content.local = old.local }
        return content
    }

    /// Some set becomes empty that was not.
    func empties(_ old: RelayService.Content) -> Bool {
        cluster.isEmpty && !old.cluster.isEmpty || local.isEmpty && !old.local.isEmpty
    }
}

extension RelayService.Options {
    fileprivate init(_ preferences: RelayPreferences, drainSeconds: Int?) {
        self.init()
        keepsClientAddress = preferences.keepsClientAddress
        self.drainSeconds = drainSeconds
        switch preferences.proxyProtocol {
        case .v1: proxyProtocol = .v1
        case .v2: proxyProtocol = .v2
        case nil: proxyProtocol = nil
        }
    }
}

extension RelayService.Member {
    fileprivate init(_ backend: Backend) { self.init(SocketAddress(backend), weight: backend.weight) }
}

extension SocketAddress {
    fileprivate init(_ backend: Backend) { self.init(backend.address, port: backend.port.rawValue) }
}
