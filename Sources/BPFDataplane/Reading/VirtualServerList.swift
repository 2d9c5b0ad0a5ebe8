internal import BPF
internal import CBPFMaps
internal import NetworkTypes
internal import ServiceTable

/// Reads service ports and their backends out of the maps; the table only lends the names.
struct VirtualServerList {
    private(set) var servers: [BPFVirtualServer] = []

    init(_ maps: borrowing ServiceMaps, _ table: ServiceTable) throws {
        var names: [FrontendKey: ServicePortKey] = [:]
        for port in table.values {
            for frontend in port.frontends { names[frontend.key(in: port.key)] = port.key }
        }
        var frontends: [UInt32: [FrontendKey]] = [:]
        var keys: [UInt32: ServicePortKey] = [:]
        try maps.frontends.forEach { key, value in
            guard let frontend = FrontendKey(key) else { return true }
            frontends[value.service, default: []].append(frontend)
            if let name = names[frontend] { keys[value.service] = name }
            return true
        }
        let members = try Self.members(maps)
        for service in Set(frontends.keys).union(members.keys) {
            let own = (frontends[service] ?? []).sorted { $0.description < $1.description }
            let key = keys[service]
            servers.append(
                BPFVirtualServer(
                    key: key, protocol: key?.id.protocol ?? own.first?.protocol,
                    scheduler: key.flatMap { table[$0]?.scheduler }, frontends: own,
                    servers: (members[service] ?? []).sorted { ($0.address, $0.port) < ($1.address, $1.port) }))
        }
        servers.sort { Self.order($0) < Self.order($1) }
    }

    private static func order(_ server: BPFVirtualServer) -> (String, String) {
        (server.key?.description ?? "~", server.frontends.first?.description ?? "")
    }

    /// Backends by service port.
    private static func members(_ maps: borrowing ServiceMaps) throws -> [UInt32: [BPFRealServer]] {
        var traffic: [UInt32: BPFTraffic] = [:]
        try maps.counters.forEach { id, values in
            traffic[id] = values.reduce(BPFTraffic()) { $0 + BPFTraffic($1) }
            return true
        }
        var loads: [UInt32: UInt64] = [:]
        try maps.loads.forEach { id, load in
            loads[id] = load.connections
            return true
        }
        var members: [UInt32: [BPFRealServer]] = [:]
        try maps.backends.forEach { id, value in
            guard let backend = BPFBackend(value) else { return true }
            members[backend.service, default: []].append(
                BPFRealServer(
                    id: id, address: backend.address, port: backend.port, weight: backend.weight,
                    isDraining: backend.flags.contains(.draining), active: loads[id] ?? 0,
                    traffic: traffic[id] ?? BPFTraffic()))
            return true
        }
        return members
    }
}

extension BPFTraffic {
    fileprivate init(_ counters: fw_counters) {
        connections = counters.connections
        (packetsIn, packetsOut) = (counters.packets_in, counters.packets_out)
        (bytesIn, bytesOut) = (counters.bytes_in, counters.bytes_out)
    }
}
