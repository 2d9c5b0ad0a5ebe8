internal import DNSWire
internal import KubernetesModel
internal import NetworkTypes
public import ObjectStore

/// Turns the cluster's objects into the names and records of its zone, a change at a time.
///
/// The rules are those of the Kubernetes DNS specification 1.1.0 and what CoreDNS adds to it: names of endpoints of
/// every Service, SRV at the Service's own name, names of pods. Where a name exists it has a node, whatever type is
/// asked: the names above it too, up to the apex (RFC 8020). SOA is not among the records: it is the server's.
///
/// Cost follows the change: only dirty Services are made anew, out of the snapshot before and the new one, and
/// compared. Nothing of a Service is kept but who has which address: 8 to 12 bytes an address.
public struct ZoneBuilder: Sendable {
    public let settings: ZoneSettings
    /// Names left out now because no label (63 bytes) or no whole name (255 bytes) can carry them.
    public internal(set) var omittedNames = 0
    /// That of the last change: seconds since 1970, never less than before.
    public private(set) var serial: UInt32 = 0

    let names: ZoneNames
    var namespaces: NamespaceTable
    /// Of Services that have addresses.
    var services = Numbering<ObjectKey>()
    /// Addresses of Services and of their ready endpoints.
    var claims = AddressClaims()
    /// Addresses of live pods, by number of the namespace; empty unless pods are verified.
    var podClaims = AddressClaims()
    var apex: ZoneNode?
    /// What the zone was made of. Shares everything that did not change with the store.
    private var previous: ClusterSnapshot?

    public init(settings: ZoneSettings) {
        self.settings = settings
        names = ZoneNames(domain: settings.domain)
        namespaces = NamespaceTable(settings: settings)
    }

    /// The step from the zone of the last update's snapshot to that of this one. The first makes the whole zone,
    /// whatever is dirty.
    ///
    /// - Parameters:
    ///   - dirty: at least everything that differs between the two snapshots: take both from the store at once.
    ///   - now: seconds since 1970.
    /// - Returns: nodes, names and addresses that differ, each once. O(dirty Services, their endpoints, and those of
    ///   Services that share a changed address); a Namespace that appears or goes makes all its Services dirty.
    public mutating func update(snapshot: ClusterSnapshot, dirty: DirtyKeys, now: UInt32) -> ZoneChange {
        var whole = ZoneChange()
        update(snapshot: snapshot, dirty: dirty, now: now, nodesPerPart: .max) { whole = $0 }
        return whole
    }

    /// The same step in parts, so that the first one, which is the whole zone, need not be in memory at once.
    ///
    /// - Parameters:
    ///   - nodesPerPart: a part ends with the Service that brings it to this many nodes.
    ///   - receive: is handed the parts in order, the last one always, even if empty. All together are the change; a
    ///     pointer may come again, and then the later holds.
    public mutating func update(
        snapshot: ClusterSnapshot, dirty: DirtyKeys, now: UInt32, nodesPerPart: Int, receive: (ZoneChange) -> Void
    ) {
        var step = ZoneStep(old: previous, new: snapshot)
        if step.isFirst { step.change.nodes += fixedNodes }
        updateNamespaces(dirty.objects, &step)
        for key in pendingServices(dirty.services, step) {
            updateService(key, &step)
            if step.change.nodes.count >= nodesPerPart { handOn(&step, now, receive) }
        }
        settleContested(&step)
        updatePods(dirty.objects, &step)
        updateApex(&step)
        for number in step.namespacesBefore.keys { namespaces.removeIfUnused(number) }
        previous = snapshot
        handOn(&step, now, receive)
    }

    private mutating func handOn(_ step: inout ZoneStep, _ now: UInt32, _ receive: (ZoneChange) -> Void) {
        if !step.change.isEmpty { serial = max(serial, now) }
        step.change.serial = serial
        let part = step.change
        step.change = ZoneChange()
        receive(part)
    }

    /// Sorted, so that the same change reads the same.
    private func pendingServices(_ dirty: Set<ObjectKey>, _ step: ZoneStep) -> [ObjectKey] {
        if step.isFirst { return step.new.services.keys.sorted() }
        var pending = dirty
        for (number, existed) in step.namespacesBefore where existed != namespaces.exists(number) {
            guard let namespace = namespaces.name(number) else { continue }
            for name in namespaces[number].services { pending.insert(ObjectKey(namespace: namespace, name: name)) }
        }
        return pending.sorted()
    }
}
