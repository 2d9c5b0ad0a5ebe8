internal import NetworkTypes
internal import ServiceTable

/// What the maps hold for one service port.
struct PortState: Sendable {
    /// Where a backend is.
    struct Place: Hashable {
        let address: IPAddress
        let port: PortNumber

        init(_ backend: Backend) {
            address = backend.address
            port = backend.port
        }

        init(_ backend: BPFBackend) {
            address = backend.address
            port = backend.port
        }
    }

    struct KnownBackend: Sendable {
        let id: UInt32
        var value: BPFBackend
        /// Draining, and the endpoint is still there.
        var isLingering = false
        var isDraining: Bool { value.flags.contains(.draining) }
    }

    struct KnownSet: Sendable {
        var value: BPFBackendSet
        /// By index.
        var slots: [UInt32]
        /// Each backend once: longer or shorter by one means no other order.
        var isList: Bool { Set(slots).count == slots.count }
    }

    let service: UInt32
    /// As it was decided last; nil: gone, or not known to this process yet.
    var port: ServicePort?
    var backends: [Place: KnownBackend] = [:]
    var sets: [BackendScope: KnownSet] = [:]
    var cursors: Set<BackendScope> = []
    var siblings: [IPAddress: UInt32] = [:]

    init(service: UInt32) { self.service = service }

    /// Nothing is left of a service port that is gone.
    var isEmpty: Bool { port == nil && backends.isEmpty && sets.isEmpty && cursors.isEmpty && siblings.isEmpty }
}

extension ServicePort {
    /// Some frontend sends connections there.
    func balances(over scope: BackendScope) -> Bool {
        frontends.contains { frontend in
            [frontend.verdicts.pod, frontend.verdicts.node, frontend.verdicts.outside].contains { verdict in
                if case .balance(scope, _) = verdict { true } else { false }
            }
        }
    }

    /// Addresses that are the Service's alone.
    var clusterIPs: Set<IPAddress> {
        var addresses: Set<IPAddress> = []
        for frontend in frontends where frontend.kind == .clusterIP {
            if case .address(let address) = frontend.destination { addresses.insert(address) }
        }
        return addresses
    }
}
