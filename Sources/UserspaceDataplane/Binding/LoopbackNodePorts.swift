package import Dataplane
internal import LinuxSystem
package import NetworkTypes
internal import Relay
package import ServiceTable

/// NodePorts at this host's loopback addresses, beside a dataplane that serves everything else: packets that the kernel
/// translates cannot leave a loopback address for a pod's (net.ipv4.conf.*.route_localnet, which stays off), connections of a
/// relay can.
///
/// Clients are processes of this node, and get what its own packets get. What they would be refused has no listener, so that
/// the kernel refuses it: by RST, or ICMP for UDP. Needs no privilege but for NodePorts below 1024.
package struct LoopbackNodePorts: Dataplane, ~Copyable {
    package static let modeName = "localhost"

    private let relay: UserspaceRelay
    private let addresses: [IPAddress]
    private let notify: @Sendable (UserspaceNotice) -> Void
    /// Service ports with a NodePort, of both families.
    private var own = ServiceTable()
    private var listeners: [ServicePortKey: [RelayListener: FrontendKey]] = [:]
    /// Not bound when last tried.
    private var failures: [RelayListener: Errno] = [:]

    /// - Parameters:
    ///   - addresses: of the loopback, where NodePorts of their family are served.
    ///   - relay: without marks, as sockets of a plain user are.
    ///   - notify: is told what people should know; called on the thread that makes the calls.
    package init(
        at addresses: [IPAddress], relay: UserspaceRelay, notify: @escaping @Sendable (UserspaceNotice) -> Void = { _ in }
    ) {
        self.addresses = addresses
        self.relay = relay
        self.notify = notify
        own.node.nodePortAddresses = addresses
    }

    /// The relay's state is its own: an earlier process left none.
    package mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder { AdoptedOrder() }

    /// O(service ports).
    package mutating func synchronize(
        _ table: ServiceTable, family: IPFamily
    ) throws(DataplaneError) -> SyncReport {
        let gone = listeners.keys.filter { $0.family == family && table[$0] == nil }
        let present = table.values.map(\.key).filter { $0.family == family }
        return take(gone + present, of: table, family)
    }

    /// O(changed), and O(NodePorts) where one comes or goes.
    package mutating func apply(
        _ change: ServiceTableChange, family: IPFamily
    ) throws(DataplaneError) -> SyncReport {
        take(change.changed.filter { $0.family == family }, of: change.new, family)
    }

    package mutating func cleanup() throws(DataplaneError) -> [String] {
        _ = relay.engine.listen([])
        (listeners, failures) = ([:], [:])
        return []
    }

    /// What is new is known to the relay before a connection comes for it, and what goes until none comes any more.
    private mutating func take(_ keys: [ServicePortKey], of table: ServiceTable, _ family: IPFamily) -> SyncReport {
        let old = own
        var (added, deleted) = (0, 0)
        for key in keys {
            let port = table[key].flatMap { $0.frontends.contains { $0.destination == .nodeAddresses } ? $0 : nil }
            own[key] = port
            var wanted: [RelayListener: FrontendKey] = [:]
            if let port { wanted = Self.listeners(of: port, at: addresses) }
            let present = listeners[key] ?? [:]
            added += wanted.keys.count { present[$0] == nil }
            deleted += present.keys.count { wanted[$0] == nil }
            listeners[key] = wanted.isEmpty ? nil : wanted
        }
        let (coming, going) = (keys.filter { own[$0] != nil }, keys.filter { own[$0] == nil && old[$0] != nil })
        _ = relay.table.apply(ServiceTableChange(old: old, new: own, changed: coming), family: family)
        if added + deleted > 0 || !failures.isEmpty { listen() }
        _ = relay.table.apply(ServiceTableChange(old: old, new: own, changed: going), family: family)
        return SyncReport(transactions: added + deleted > 0 ? 1 : 0, elementsAdded: added, elementsDeleted: deleted)
    }

    private static func listeners(of port: ServicePort, at addresses: [IPAddress]) -> [RelayListener: FrontendKey] {
        guard port.key.id.protocol != .sctp else { return [:] }
        var result: [RelayListener: FrontendKey] = [:]
        for frontend in port.frontends where frontend.destination == .nodeAddresses {
            guard case .balance = frontend.verdicts.node else { continue }
            for address in addresses where address.family == port.key.family {
                let place = SocketAddress(address, port: frontend.port.rawValue)
                guard mayAsk(frontend, from: address) else { continue }
                let listener = RelayListener(port.key.id.protocol, at: place, destination: .fixed(place), origin: .node)
                result[listener] = frontend.key(in: port.key)
            }
        }
        return result
    }

    /// A process that asks a loopback address does so from it, unless it says otherwise.
    private static func mayAsk(_ frontend: Frontend, from address: IPAddress) -> Bool {
        frontend.allowedSources.map { RelayAnswers.contains($0, address) } ?? true
    }

    /// A listener that could not be bound is told of once, and again when it was served in between.
    private mutating func listen() {
        let all = listeners.values.reduce(into: [RelayListener: FrontendKey]()) { all, some in
            all.merge(some) { first, _ in first }
        }
        let failed = relay.engine.listen(Set(all.keys))
        for (listener, errno) in failed where failures[listener] == nil {
            // A host without IPv6 has no such address.
            guard errno != .addressNotAvailable, let frontend = all[listener] else { continue }
            notify(.unbound(frontend, at: listener.address, errno))
        }
        failures = failed
    }
}
