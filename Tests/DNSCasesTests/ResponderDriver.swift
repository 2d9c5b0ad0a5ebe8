import ClusterZone
import DNSServer
import DNSTesting
import DNSWire
import EndpointSliceController
import KubernetesModel
import ManifestSource
import NetworkTypes
import ObjectStore

/// Manifests to answers without a socket: what `fairway dns` is made of, in this process. Names that others know are refused.
final class ResponderDriver: DNSDriver {
    let zone: ClusterZone
    let forwards = false
    private var responder = Responder(options: ResponderOptions(), statistics: ServerStatistics(), seed: 1)

    /// - Throws: where manifests cannot be read, or a selector.
    init(_ table: CaseTable) throws {
        let snapshot = try Self.snapshot(table.settings)
        let settings = try ZoneSettings(table.settings, snapshot)
        var builder = ZoneBuilder(settings: settings)
        var tree = ZoneTree(settings: settings, readiness: .synced)
        tree.apply(builder.update(snapshot: snapshot, dirty: DirtyKeys(), now: 1_700_000_000))
        zone = tree.zone
    }

    private static func snapshot(_ settings: CaseSettings) throws -> ClusterSnapshot {
        var store = ObjectStore()
        var controller = EndpointSliceController()
        var fresh = store.apply(try events(settings))
        while !fresh.isEmpty { fresh = store.apply(controller.update(snapshot: store.snapshot, dirty: fresh)) }
        return store.snapshot
    }

    /// A source of manifests gives Services addresses; without it they are as they are written.
    private static func events(_ settings: CaseSettings) throws -> [StoreEvent] {
        guard settings.isOnlyInProcess else {
            return ManifestSource(paths: [CaseFolder.clusterPath(settings.cluster)], contents: .names).loadOnce().events
        }
        return try CaseFolder.manifests(settings.cluster).flatMap { path in
            ManifestContents(path: path, bytes: Array(try CaseFolder.text(path).utf8)).objects.map { .set($0.object) }
        }
    }

    func ask(_ bytes: [UInt8], over transport: DNSTransport) throws -> [UInt8]? {
        var response = [UInt8](repeating: 0xAA, count: transport == .udp ? 1232 : 65_535)
        var span = response.mutableSpan
        // SAFETY: bytes take any value, and the span ends with this call.
        var room = unsafe span.mutableBytes
        let reply = unsafe responder.respond(
            to: bytes.span.bytes, transport: transport == .udp ? .udp : .tcp, client: IPAddress(v4: 0x7F00_0001), zone: zone,
            into: &room)
        guard case .send(let count) = reply else { return nil }
        return Array(response[..<count])
    }
}

extension ZoneSettings {
    /// Those of `fairway dns` with these options, over these objects.
    fileprivate init(_ settings: CaseSettings, _ snapshot: ClusterSnapshot) throws {
        let podRanges = snapshot.nodes.values.flatMap(\.podCIDRs)
        var namespaces = settings.namespaces.isEmpty ? nil : Set(settings.namespaces)
        if !settings.namespaceSelector.isEmpty {
            let selector = try LabelSelector(parsing: settings.namespaceSelector)
            namespaces = Set(
                snapshot.namespaces.values.filter { selector.matches($0.metadata.labels) }.map(\.metadata.name))
        }
        self.init(
            domain: settings.domain.lowercased, timeToLive: settings.timeToLive,
            negativeTimeToLive: settings.negativeTimeToLive, podNames: PodNames(rawValue: settings.podNames) ?? .insecure,
            reverseRanges: AllocationSettings.standardClusterRanges + Set(podRanges).sorted { ($0.address, $0.length) < ($1.address, $1.length) },
            namespaces: namespaces, labels: settings.labels.isEmpty ? nil : try LabelSelector(parsing: settings.labels))
    }
}
