internal import LinuxSystem
internal import NetworkTypes
internal import Relay
internal import ServiceTable
internal import UserspaceDataplane

/// Reads rows out of the relay.
struct UserspaceQueries: Sendable {
    let view: UserspaceView

    /// Connections that one answer lists; who wants more counts them by their metrics.
    private static let connectionLimit = 100_000

    /// Where a frontend is bound; nil when packets to it are redirected.
    var listening: (FrontendKey) -> [String]? {
        let places = view.relay?.boundPlaces ?? [:]
        return places.isEmpty ? { _ in nil } : { key in places[key]?.map(\.description) ?? [] }
    }

    func serverRows(_ held: Engine.View, _ namespace: String?) -> [VirtualServerRow] {
        (view.relay?.table.records ?? []).filter { namespace == nil || $0.key.id.namespace == namespace }.map { key, record in
            let port = held.table[key]
            return VirtualServerRow(
                namespace: key.id.namespace, service: key.id.service, port: key.id.portName,
                protocol: key.id.protocol.kubernetesName,
                frontends: port?.frontends.map { VirtualServerQueries.text($0.key(in: key)) } ?? [],
                scheduler: port?.scheduler.rawValue ?? "-", servers: record.backends.map(Self.row))
        }
    }

    private static func row(_ backend: RelayServiceRecord.Backend) -> VirtualServerRow.RealServer {
        VirtualServerRow.RealServer(
            address: backend.address.description, weight: Int(backend.weight),
            activeConnections: UInt64(max(0, backend.active)), draining: backend.state == .draining || backend.state == .gone,
            connections: backend.counts.connections, packetsIn: backend.counts.packetsIn,
            packetsOut: backend.counts.packetsOut, bytesIn: backend.counts.bytesIn, bytesOut: backend.counts.bytesOut)
    }

    func connectionRows(_ held: Engine.View, _ namespace: String?) -> [ConnectionRow] {
        let owners = Dictionary(
            held.table.values.map { ($0.key.id.description, $0.key.id) }, uniquingKeysWith: { first, _ in first })
        let records = (view.relay?.engine.connections() ?? []).prefix(Self.connectionLimit)
        return records.compactMap { record in
            let owner = owners[record.service]
            if let namespace, owner?.namespace != namespace { return nil }
            return ConnectionRow(
                protocol: record.protocol.kubernetesName, expireSeconds: nil, state: record.state.rawValue,
                source: record.client.description, virtual: record.frontend.description,
                destination: record.backend.description, namespace: owner?.namespace, service: owner?.service)
        }
    }
}
