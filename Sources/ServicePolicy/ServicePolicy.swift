internal import HashTreeCollections
internal import KubernetesModel
package import NetworkTypes
package import ObjectStore
package import ServiceTable

/// Turns the cluster's objects into what this node must do, once, for every dataplane.
///
/// Cost follows the change: an update decides the dirty Services anew and touches nothing else; only
/// a change of the own Node's zone or addresses, or of whether pods can be told, decides all of them.
package struct ServicePolicy: Sendable {
    package private(set) var options: PolicyOptions
    package private(set) var table = ServiceTable()
    /// Frontends that a service port asked for and an older Service has: value is the holder.
    package private(set) var conflicts: [FrontendConflict: ServicePortKey] = [:]

    private var portsByService: [ObjectKey: [ServicePortKey]] = [:]
    private var wantedFrontends: [ServicePortKey: Wanted] = [:]
    private var claims = FrontendClaims()
    private var node: OwnNode
    private var adoptedOrder: AdoptedOrder
    /// The options are others than those the table was decided by.
    private var hasNewOptions = false

    /// - Parameter adoptedOrder: the order in which the dataplane already holds backends, so that the
    ///   first table keeps it. Dropped once `finishAdoption` is called.
    package init(options: PolicyOptions, adoptedOrder: AdoptedOrder = AdoptedOrder()) {
        self.options = options
        self.node = OwnNode(name: options.nodeName, zone: nil, addresses: [])
        self.adoptedOrder = adoptedOrder
    }

    /// Other options from here on: the next update decides every Service by them.
    ///
    /// - Parameter options: of the same node.
    package mutating func change(_ options: PolicyOptions) {
        precondition(options.nodeName == self.options.nodeName)
        guard options != self.options else { return }
        self.options = options
        hasNewOptions = true
    }

    /// Decides what the dirty keys touch.
    ///
    /// - Parameter hostAddresses: the addresses of this host, loopback and link-local ones left out.
    /// - Returns: the step from the previous table to the new one. O(dirty Services and their endpoints).
    package mutating func update(
        snapshot: ClusterSnapshot, dirty: DirtyKeys, hostAddresses: [IPAddress]
    ) -> ServiceTableChange {
        let old = table
        let ownNode = snapshot.nodes[ObjectKey(namespace: "", name: options.nodeName)]
        let internalIPs = ownNode?.internalIPs ?? []
        let newNode = OwnNode(
            name: options.nodeName, zone: ownNode?.zone,
            addresses: options.withOwnAddress(internalIPs.isEmpty ? hostAddresses : internalIPs))
        table.node = nodeTable(ownNode, snapshot: snapshot, hostAddresses: hostAddresses)

        var pending = dirty.services
        let (detector, oldDetector) = (table.node.localDetector, old.node.localDetector)
        let tellsOtherPods = IPFamily.allCases.contains { detector.tellsPods(of: $0) != oldDetector.tellsPods(of: $0) }
        if newNode != node || tellsOtherPods || hasNewOptions { pending.formUnion(snapshot.services.keys) }
        node = newNode
        hasNewOptions = false

        var changed: Set<ServicePortKey> = []
        var decided: Set<ObjectKey> = []
        if portsByService.isEmpty {
            portsByService.reserveCapacity(pending.count)
            wantedFrontends.reserveCapacity(pending.count)
            claims.reserveCapacity(pending.count)
            changed.reserveCapacity(pending.count)
            decided.reserveCapacity(pending.count)
        }
        var hasRivals = false
        while let key = pending.popFirst() {
            decided.insert(key)
            let rivals = decide(key, snapshot: snapshot, &changed)
            if !rivals.isEmpty { hasRivals = true }
            pending.formUnion(rivals.subtracting(decided))
            // A rival decided before this claim was known looks again, once, for the frontends alone.
            for rival in rivals.intersection(decided) { reconsiderFrontends(of: rival, &changed, snapshot: snapshot) }
        }
        // A frontend handed on within this step may have changed a service port there and back.
        let differing = hasRivals ? changed.filter { old.servicePorts[$0] != table.servicePorts[$0] } : changed
        return ServiceTableChange(old: old, new: table, changed: differing.inReadableOrder())
    }

    /// Forgets the adopted order: from here on the table itself is what order is kept by.
    package mutating func finishAdoption() { adoptedOrder = AdoptedOrder() }

    // MARK: One Service

    /// Returns the Services that claim one of the same frontends.
    private mutating func decide(
        _ key: ObjectKey, snapshot: ClusterSnapshot, _ changed: inout Set<ServicePortKey>
    ) -> Set<ObjectKey> {
        let service = snapshot.services[key]
        let ports = service.map { decisions(for: $0, snapshot: snapshot) } ?? []
        var rivals: Set<ObjectKey> = []

        let before = portsByService[key] ?? []
        let after = ports.map(\.key)
        for gone in before where !after.contains(gone) {
            rivals.formUnion(claim(gone, [], created: nil))
            put(nil, at: gone, &changed)
        }
        for port in ports {
            let wanted = port.frontends.map {
                FrontendClaims.Claim(frontend: $0.key(in: port.key), isClusterIP: $0.kind == .clusterIP)
            }
            rivals.formUnion(claim(port.key, wanted, created: service?.metadata.creationTimestamp))
        }
        for port in ports { put(withRightfulFrontends(port), at: port.key, &changed) }
        portsByService[key] = after.isEmpty ? nil : after
        return rivals
    }

    private func decisions(for service: Service, snapshot: ClusterSnapshot) -> [ServicePort] {
        let decision = ServiceDecision(
            options: options, node: node, localDetector: table.node.localDetector)
        return decision.servicePorts(
            of: service, slices: snapshot.slices(ofService: service.metadata.key),
            previous: { key, frontends in
                table.servicePorts[key] ?? adoptedOrder.servicePort(key, frontends: frontends)
            })
    }

    private mutating func reconsiderFrontends(
        of service: ObjectKey, _ changed: inout Set<ServicePortKey>, snapshot: ClusterSnapshot
    ) {
        guard let object = snapshot.services[service] else { return }
        for port in decisions(for: object, snapshot: snapshot) {
            put(withRightfulFrontends(port), at: port.key, &changed)
        }
    }

    private mutating func put(
        _ port: ServicePort?, at key: ServicePortKey, _ changed: inout Set<ServicePortKey>
    ) {
        guard table.servicePorts[key] != port else { return }
        table.servicePorts[key] = port
        changed.insert(key)
    }

    // MARK: Claims

    /// What a service port claims, and since when.
    private struct Wanted: Equatable {
        let frontends: [FrontendClaims.Claim]
        let created: Timestamp?
    }

    private mutating func claim(
        _ port: ServicePortKey, _ wanted: [FrontendClaims.Claim], created: Timestamp?
    ) -> Set<ObjectKey> {
        let old = wantedFrontends[port]
        let new = Wanted(frontends: wanted, created: created)
        // An endpoint that comes or goes changes no claim.
        if old == new { return [] }
        let before = old?.frontends ?? []
        for key in before where !wanted.contains(key) {
            conflicts[FrontendConflict(servicePort: port, frontend: key.frontend)] = nil
        }
        wantedFrontends[port] = wanted.isEmpty ? nil : new
        return claims.replace(
            before, with: wanted,
            by: FrontendClaims.Claimant(servicePort: port, created: created))
    }

    /// `port` without the frontends that an older Service holds.
    private mutating func withRightfulFrontends(_ port: ServicePort) -> ServicePort {
        if conflicts.isEmpty && port.frontends.allSatisfy({ claims.winner(of: $0.key(in: port.key)) == port.key }) {
            return port
        }
        var kept: [Frontend] = []
        for frontend in port.frontends {
            let key = frontend.key(in: port.key)
            let winner = claims.winner(of: key)
            let conflict = FrontendConflict(servicePort: port.key, frontend: key)
            if winner == port.key {
                kept.append(frontend)
                conflicts[conflict] = nil
            } else {
                conflicts[conflict] = winner
            }
        }
        guard kept.count != port.frontends.count else { return port }
        return port.with(frontends: kept)
    }
}

/// A frontend that a service port asked for and another holds.
package struct FrontendConflict: Sendable, Hashable {
    package let servicePort: ServicePortKey
    package let frontend: FrontendKey
}
