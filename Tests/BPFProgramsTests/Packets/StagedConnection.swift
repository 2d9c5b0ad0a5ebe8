import BPF
import CBPFMaps
import NetworkTypes

/// A connection as the table keeps it: what each of its packets becomes, and where.
struct StagedConnection {
    var client: Endpoint
    var frontend: Endpoint
    var backend: Endpoint
    /// Masqueraded to; its port is the middle's.
    var node: IPAddress?
    /// The client's port between the two programs.
    var middlePort: UInt16
    var transport: UInt8
    /// The client is a process of the node.
    var isOwn = false
    static let service: UInt32 = 7
    static let backendID: UInt32 = 70

    enum Role: UInt8, CaseIterable {
        case forward, unmasquerade, masquerading, reply
    }

    var middle: Flow { Flow(Endpoint(client.address, middlePort), to: backend, transport) }

    var roles: [Role] { node == nil ? [.forward, .reply] : Role.allCases }

    func translation(_ role: Role) -> Translation {
        let asked = Flow(client, to: frontend, transport)
        let beyond = Flow(Endpoint(node ?? client.address, middlePort), to: backend, transport)
        return switch role {
        case .forward: Translation(asked, becomes: middle)
        case .unmasquerade: Translation(beyond.reversed, becomes: middle.reversed)
        case .masquerading: Translation(middle, becomes: beyond)
        case .reply: Translation(middle.reversed, becomes: asked.reversed)
        }
    }

    func hook(_ role: Role) -> PacketStage.Hook {
        switch role {
        case .forward: isOwn ? .egress : .ingress
        case .unmasquerade: .ingress
        case .masquerading: .egress
        case .reply: isOwn ? .ingress : .egress
        }
    }

    /// One of each family, with everything different that can be.
    static func sample(
        _ family: IPFamily, _ transport: UInt8, isMasqueraded: Bool = true, middlePort: UInt16 = 41_000, isOwn: Bool = false
    ) -> StagedConnection {
        let isIPv4 = family == .ipv4
        return StagedConnection(
            client: Endpoint(isIPv4 ? "198.51.100.23" : "2001:db8:c::23", 51_234),
            frontend: Endpoint(isIPv4 ? "10.96.0.10" : "fd00:96::a", 80),
            backend: Endpoint(isIPv4 ? "10.244.3.7" : "fd00:244:3::7", 8080),
            node: isMasqueraded ? (isIPv4 ? PacketStage.nodeIPv4 : PacketStage.nodeIPv6) : nil,
            middlePort: middlePort, transport: transport, isOwn: isOwn)
    }
}

extension PacketStage {
    /// Writes the connection's entries, its backend and the frontend that leads to it.
    borrowing func add(_ connection: StagedConnection) throws {
        for role in connection.roles {
            let translation = connection.translation(role)
            var entry = fw_connection()
            entry.becomes = fw_tuple(translation.to)
            entry.forward = fw_tuple(connection.translation(.forward).from)
            entry.role = role.rawValue
            (entry.service, entry.backend) = (StagedConnection.service, StagedConnection.backendID)
            entry.flags = UInt32(connection.isOwn ? FW_CONNECTION_NODE : 0)
            if let node = connection.node {
                entry.node = fw_address(node)
                entry.flags |= UInt32(FW_CONNECTION_MASQUERADED)
            }
            try connections.update(fw_tuple(translation.from), entry)
        }
        try addBackend(connection.backend, service: StagedConnection.service, id: StagedConnection.backendID)
    }

    borrowing func addBackend(_ endpoint: Endpoint, service: UInt32, id: UInt32) throws {
        var backend = fw_backend()
        backend.address = fw_address(endpoint.address)
        backend.port = endpoint.port.bigEndian
        (backend.weight, backend.service) = (1, service)
        try backends.update(id, backend)
        try loads.update(id, fw_load())
    }

    /// A frontend whose verdict is the same for everybody.
    borrowing func addFrontend(
        _ endpoint: Endpoint, _ transport: UInt8, service: UInt32, _ verdict: fw_action, isMasqueraded: Bool = false
    ) throws {
        var frontend = fw_frontend()
        frontend.service = service
        let value = UInt8(verdict.rawValue) | (isMasqueraded ? UInt8(FW_MASQUERADE) : 0)
        frontend.verdicts = (value, value, value)
        try frontends.update(fw_frontend_key(endpoint, transport), frontend)
        try clusterIPs.update(fw_address(endpoint.address), 1)
    }

    /// Backends of a service port, drawn at random; numbered from ten times its number on.
    borrowing func addSet(service: UInt32, backends: [Endpoint]) throws {
        for (index, endpoint) in backends.enumerated() {
            let id = service * 10 + UInt32(index)
            try addBackend(endpoint, service: service, id: id)
            try slots.update(fw_slot_key(table: service, index: UInt32(index)), id)
        }
        var set = fw_backend_set()
        (set.table, set.slot_count) = (service, UInt32(backends.count))
        set.scheduler = UInt8(FW_RANDOM.rawValue)
        for scope in [FW_CLUSTER, FW_LOCAL] {
            try sets.update(fw_set_key(service: service, scope: UInt32(scope.rawValue)), set)
        }
    }
}
