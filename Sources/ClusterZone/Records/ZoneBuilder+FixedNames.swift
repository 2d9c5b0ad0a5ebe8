internal import DNSWire
internal import KubernetesModel
internal import NetworkTypes

extension ZoneBuilder {
    /// Seconds: that of CoreDNS and of the specification's example, whatever the zone's TTL is.
    static let versionTimeToLive: UInt32 = 28800
    /// Of the Kubernetes DNS specification.
    static let schemaVersion = "1.1.0"

    /// The names of every zone but the apex, which depends on a Service.
    var fixedNodes: [ZoneNode] {
        let version = RecordSet.txt([Array(Self.schemaVersion.utf8)], timeToLive: Self.versionTimeToLive)
        let nodes: [(DomainName?, [RecordSet])] = [
            (names.services, []), (names.pods, []), (names.dns, []),
            (names.server, ServiceShape.addressSets(reachableAddresses)), (names.version, [version]),
        ]
        return nodes.compactMap { name, sets in name.map { ZoneNode(name: $0, sets: sets) } }
    }

    /// The server's addresses that mean this server to somebody else too.
    private var reachableAddresses: [IPAddress] {
        settings.serverAddresses.filter { !$0.isLoopback && !$0.isUnspecified }.sortedDistinct()
    }

    /// The apex has NS and nothing else from here: the name of the Service the server answers for, once that has
    /// addresses; else `ns.dns`, if the server has an address that is not loopback; else none.
    mutating func updateApex(_ step: inout ZoneStep) {
        guard step.isFirst || step.touchesServerService else { return }
        var server = names.server.map { RecordSet.Glue(name: $0, addresses: reachableAddresses) }
        if let key = settings.serverService,
            let service = shape(of: key, in: step.new, namespaces.exists(key.namespace)), !service.addresses.isEmpty
        {
            server = RecordSet.Glue(name: service.name, addresses: service.addresses)
        }
        var node = ZoneNode(name: names.domain)
        if let server, !server.addresses.isEmpty { node.sets = [.ns([server.name], glue: [server])] }
        guard node != apex else { return }
        apex = node
        step.change.nodes.append(node)
    }
}
