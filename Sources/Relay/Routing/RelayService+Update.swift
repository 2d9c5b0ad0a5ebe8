package import LinuxSystem
package import LoadBalancing
internal import Synchronization

extension RelayService {
    /// A backend of a set.
    package struct Member: Sendable, Hashable {
        package let address: SocketAddress
        /// Relative share of new connections; 0 takes none.
        package let weight: UInt16

        package init(_ address: SocketAddress, weight: UInt16 = 1) {
            self.address = address
            self.weight = weight
        }
    }

    /// All that is said of a service.
    package struct Content: Sendable {
        package var options = Options()
        package var method = SchedulingMethod.random
        /// Nil: every connection is balanced.
        package var affinity: RelayAffinity?
        /// Each place once in each set.
        package var cluster: [Member] = []
        package var local: [Member] = []
        /// In neither set: they take no new connection and keep those they have.
        package var lingering: [SocketAddress] = []

        package init() {}
    }

    /// Replaces what is known. A place that stays keeps its backend with its counts; so does one that comes back before
    /// its connections have ended. Those no longer named are marked as gone. O(backends of this service), and with Maglev
    /// O(size of its table) when backends change. Updates come one after the other.
    ///
    /// - Returns: how many are newly gone and have connections.
    package func update(_ content: Content) -> Int {
        let (cluster, local) = state.withLock { ($0.cluster.layout, $0.local.layout) }
        let newCluster = cluster.updated(content.cluster, content.method)
        let newLocal = local.updated(content.local, content.method)
        return state.withLock { $0.install(content, cluster: newCluster, local: newLocal) }
    }

    /// Nobody uses what it has or had.
    package var isIdle: Bool { state.withLock { $0.backends.values.allSatisfy { $0.active == 0 } } }
}

extension RelayServiceState {
    mutating func install(_ content: RelayService.Content, cluster: RelayPool.Layout, local: RelayPool.Layout) -> Int {
        options = content.options
        affinity = content.affinity
        var leaving = backends
        var staying: [SocketAddress: RelayBackend] = [:]
        func stay(_ place: SocketAddress) -> RelayBackend {
            if let known = staying[place] { return known }
            let backend = leaving.removeValue(forKey: place) ?? RelayBackend(place)
            backend.markPresent()
            staying[place] = backend
            return backend
        }
        self.cluster.install(cluster, remembers: content.affinity != nil, backend: stay)
        self.local.install(local, remembers: content.affinity != nil, backend: stay)
        for place in content.lingering { _ = stay(place) }
        var gone = 0
        for (place, backend) in leaving {
            endRest(of: backend)
            if backend.active > 0 && !backend.isGone { gone += 1 }
            backend.markGone()
            staying[place] = backend
        }
        backends = staying
        forgetIdle()
        return gone
    }

    /// What has gone and has no connection any more: nothing leads there, so that none can come.
    mutating func forgetIdle() {
        for (place, backend) in backends where backend.isGone && backend.active == 0 {
            past.add(backend.traffic.counts)
            backends[place] = nil
        }
    }
}
