package import NetworkTypes
package import ServiceTable

/// Which frontends' flows a step of the service table can make stale. Pure.
///
/// A flow is decided once, by its first packet, and then kept by connection tracking for as long as
/// packets come: a UDP client that never changes its port stays with a pod that is gone. So flows are
/// looked at whenever a place that they may go to is lost (an endpoint removed, the last one too, a
/// target port changed), when a frontend comes or begins to be served (flows that were sent before
/// were never translated), and when it goes.
///
/// TCP is left alone: its ends notice. Only attempts to connect that nobody answered are given up when
/// their destination becomes a frontend, for their next SYN would go astray again. `closesTCP` treats
/// connections to lost places as stale too.
package struct StaleFlows: Sendable {
    package let closesTCP: Bool

    package init(closesTCP: Bool) { self.closesTCP = closesTCP }

    /// O(changed), and O(table) when the node's NodePort addresses changed.
    package func sweeps(of change: ServiceTableChange, family: IPFamily) -> [Sweep] {
        var found = Findings()
        for key in change.changed where key.family == family {
            add(key, change, to: &found)
        }
        let before = Set(change.old.node.nodePortAddresses.filter { $0.family == family })
        let after = Set(change.new.node.nodePortAddresses.filter { $0.family == family })
        if before != after {
            let moved = before.symmetricDifference(after)
            for port in change.new.values where port.key.family == family {
                for frontend in port.frontends where frontend.destination == .nodeAddresses {
                    for address in moved {
                        let destination = FlowDestination(port.key.id.protocol, address, frontend.port)
                        found.add(destination, owner: after.contains(address) ? port.key : nil)
                    }
                }
            }
        }
        return found.sweeps
    }

    /// Of the whole table, when it is not known what was before. O(table).
    ///
    /// - Parameter former: frontends that an earlier process served.
    package func sweeps(
        ofAll table: ServiceTable, former: some Sequence<FrontendKey> = EmptyCollection<FrontendKey>(), family: IPFamily
    ) -> [Sweep] {
        var found = Findings()
        for port in table.values where port.key.family == family {
            for frontend in port.frontends {
                for destination in table.node.destinations(of: frontend, in: port.key) {
                    found.add(destination, owner: port.key)
                }
            }
        }
        for key in former where key.family == family {
            for destination in table.node.destinations(of: key) { found.add(destination, owner: nil) }
        }
        return found.sweeps
    }

    private func add(_ key: ServicePortKey, _ change: ServiceTableChange, to found: inout Findings) {
        let (old, new) = (change.old[key], change.new[key])
        let oldNode = change.old.node
        let newNode = change.new.node
        var served: Set<FlowDestination> = []
        if let new {
            var before: [FrontendKey: Frontend] = [:]
            for frontend in old?.frontends ?? [] { before[frontend.key(in: key)] = frontend }
            let wholeIsStale = old.map { portNeedsSweep(from: $0, to: new) } ?? true
            for frontend in new.frontends {
                let destinations = newNode.destinations(of: frontend, in: key)
                served.formUnion(destinations)
                if !wholeIsStale, let former = before[frontend.key(in: key)], !frontend.beginsToServe(after: former) {
                    continue
                }
                for destination in destinations { found.add(destination, owner: key) }
            }
        }
        for frontend in old?.frontends ?? [] {
            for destination in oldNode.destinations(of: frontend, in: key) where !served.contains(destination) {
                found.add(destination, owner: nil)
            }
        }
    }

    /// Flows to all its frontends may be stale: a place was lost, or a set was empty and is not, or the
    /// other way round.
    private func portNeedsSweep(from old: ServicePort, to new: ServicePort) -> Bool {
        for scope in [BackendScope.cluster, .local]
        where old.backends(scope).isEmpty != new.backends(scope).isEmpty { return true }
        if new.key.id.protocol == .tcp && !closesTCP { return false }
        if old.clusterBackends == new.clusterBackends && old.localBackends == new.localBackends
            && old.lingering == new.lingering
        {
            return false
        }
        return !old.goodPlaces.isSubset(of: new.goodPlaces)
    }
}

/// Destinations found in one step. A destination that passes from one Service to another is found
/// twice: then it has an owner.
private struct Findings {
    private var owners: [FlowDestination: ServicePortKey?] = [:]

    mutating func add(_ destination: FlowDestination, owner: ServicePortKey?) {
        if owner != nil || owners[destination] == nil { owners[destination] = .some(owner) }
    }

    var sweeps: [Sweep] { owners.map { Sweep($0.key, owner: $0.value) } }
}

extension Frontend {
    /// Packets of some origin are balanced that were refused.
    fileprivate func beginsToServe(after former: Frontend) -> Bool {
        func opens(_ old: Verdict, _ new: Verdict) -> Bool {
            if case .balance = old { return false }
            if case .balance = new { return true }
            return false
        }
        return opens(former.verdicts.pod, verdicts.pod) || opens(former.verdicts.node, verdicts.node)
            || opens(former.verdicts.outside, verdicts.outside)
    }
}
