internal import BPFDataplane
internal import NetworkTypes
internal import ServiceTable

/// A frontend, and one of its backends: what `ipvsadm -Ln` shows as a line and the lines below it.
struct VirtualServerRow: Row {
    struct RealServer: Codable, Sendable {
        var address: String
        var weight: Int
        var activeConnections: UInt64
        var draining: Bool
        var connections: UInt64
        var packetsIn: UInt64
        var packetsOut: UInt64
        var bytesIn: UInt64
        var bytesOut: UInt64
    }

    var namespace: String?
    var service: String?
    /// Name of the port; empty when unnamed.
    var port: String?
    var `protocol`: String
    /// `10.96.0.10:80`, `nodeport 30080`.
    var frontends: [String]
    var scheduler: String
    var servers: [RealServer]

    static let header = ["Prot", "LocalAddress:Port", "Scheduler", "", "RemoteAddress:Port", "Weight", "ActiveConn", "InPkts", "OutPkts", "InBytes", "OutBytes"]
    var columns: [String] { [`protocol`, frontends.joined(separator: ","), scheduler] + Array(repeating: "", count: 8) }

    /// Its own line, and one for each backend.
    var lines: [[String]] {
        let heads = frontends.isEmpty ? ["<gone>"] : frontends
        let first = heads.map { [`protocol`, $0, scheduler] + Array(repeating: "", count: 8) }
        return first
            + servers.map { server in
                [
                    "", "", "", "->", server.address, "\(server.weight)", "\(server.activeConnections)", "\(server.packetsIn)",
                    "\(server.packetsOut)", "\(server.bytesIn)", "\(server.bytesOut)",
                ]
            }
    }
}

/// A connection, as a line of `ipvsadm -Lnc`.
struct ConnectionRow: Row {
    var `protocol`: String
    /// Seconds until it is forgotten; nil of a socket, which counts until it is closed.
    var expireSeconds: Int?
    var state: String
    /// Nil of a socket of this node: it need not be bound when it is balanced.
    var source: String?
    var virtual: String
    var destination: String
    var namespace: String?
    var service: String?

    static let header = ["PRO", "EXPIRE", "STATE", "SOURCE", "VIRTUAL", "DESTINATION"]
    var columns: [String] {
        [`protocol`, expireSeconds.map(Self.clock) ?? "-", state, source ?? "-", virtual, destination]
    }

    /// `01:05`, minutes and seconds.
    private static func clock(_ seconds: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(seconds / 60)):\(two(seconds % 60))"
    }
}

/// Reads rows out of the kernel's maps.
struct VirtualServerQueries: Sendable {
    let view: BPFView

    /// Connections that one answer lists; who wants more counts them by their metrics.
    private static let connectionLimit = 100_000

    func serverRows(_ namespace: String?) throws -> [VirtualServerRow] {
        try view.virtualServers().filter { namespace == nil || $0.key?.id.namespace == namespace }.map { server in
            VirtualServerRow(
                namespace: server.key?.id.namespace, service: server.key?.id.service, port: server.key?.id.portName,
                protocol: server.protocol?.kubernetesName ?? "-", frontends: server.frontends.map(Self.text),
                scheduler: server.scheduler?.rawValue ?? "-", servers: server.servers.map(Self.row))
        }
    }

    static func text(_ key: FrontendKey) -> String {
        switch key.destination {
        case .address(let address): address.description(withPort: key.port)
        case .nodeAddresses: "nodeport \(key.port) \(key.family)"
        }
    }

    private static func row(_ server: BPFRealServer) -> VirtualServerRow.RealServer {
        let traffic = server.traffic
        return VirtualServerRow.RealServer(
            address: server.address.description(withPort: server.port), weight: Int(server.weight),
            activeConnections: server.active, draining: server.isDraining, connections: traffic.connections,
            packetsIn: traffic.packetsIn, packetsOut: traffic.packetsOut, bytesIn: traffic.bytesIn,
            bytesOut: traffic.bytesOut)
    }

    func connectionRows(view held: Engine.View, _ namespace: String?) throws -> [ConnectionRow] {
        let owners = Self.owners(held.table)
        return try view.connections(limit: Self.connectionLimit).compactMap { record in
            let owner = owners[FrontendPlace(record.protocol, record.virtual)] ?? owners[FrontendPlace(nodePort: record)]
            if let namespace, owner?.namespace != namespace { return nil }
            return ConnectionRow(
                protocol: record.protocol.kubernetesName, expireSeconds: record.expires, state: record.state.rawValue,
                source: record.source?.description, virtual: record.virtual.description,
                destination: record.destination.description, namespace: owner?.namespace, service: owner?.service)
        }
    }

    /// A frontend of one family.
    private struct FrontendPlace: Hashable {
        let transport: TransportProtocol
        let family: IPFamily
        /// Nil: a NodePort.
        let address: IPAddress?
        let port: UInt16

        init(_ transport: TransportProtocol, _ end: BPFConnectionRecord.End) {
            (self.transport, family, address, port) = (transport, end.address.family, end.address, end.port)
        }

        init(nodePort record: BPFConnectionRecord) {
            (transport, family, address, port) = (record.protocol, record.virtual.address.family, nil, record.virtual.port)
        }

        init(_ key: FrontendKey) {
            (transport, family, port) = (key.protocol, key.family, key.port.rawValue)
            if case .address(let address) = key.destination { self.address = address } else { address = nil }
        }
    }

    private static func owners(_ table: ServiceTable) -> [FrontendPlace: ServicePortID] {
        var owners: [FrontendPlace: ServicePortID] = [:]
        for port in table.values {
            for frontend in port.frontends { owners[FrontendPlace(frontend.key(in: port.key))] = port.key.id }
        }
        return owners
    }
}
