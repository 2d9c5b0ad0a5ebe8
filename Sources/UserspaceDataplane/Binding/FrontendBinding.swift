internal import Dataplane
internal import LinuxSystem
internal import Netlink
internal import NetworkTypes
internal import Relay
internal import ServiceTable

/// Serves frontends without any privilege: those whose address the node has are bound there, NodePorts at every NodePort
/// address and at the loopback, all others at a free port of the loopback, which stays theirs while the daemon runs.
struct FrontendBinding {
    /// Frontends that a port is remembered for when they are gone: as many as there are ports.
    static let rememberedPortLimit = 1 << 16

    private let relay: UserspaceRelay
    private let notify: @Sendable (UserspaceNotice) -> Void
    private var tables: [IPFamily: ServiceTable] = [:]
    /// Ports of the loopback that frontends had.
    private var ports: [FrontendKey: UInt16] = [:]
    /// What is served at the loopback, by the listener that was asked for.
    private var substitutes: [FrontendKey: RelayListener] = [:]
    private var told: Set<RelayListener> = []

    init(_ relay: UserspaceRelay, notify: @escaping @Sendable (UserspaceNotice) -> Void) {
        self.relay = relay
        self.notify = notify
    }

    mutating func synchronize(_ table: ServiceTable, family: IPFamily) -> SyncReport {
        // What cannot be read is taken for others' addresses: their origin is then `outside`.
        let addresses = (try? NodeAddresses().list()) ?? []
        relay.table.setNodeAddresses(Set(addresses.map(\.address)))
        let table = Self.withLoopback(table)
        _ = relay.table.synchronize(table, family: family)
        return bind(table, family)
    }

    /// O(frontends): the relay is told all listeners at once.
    mutating func apply(_ change: ServiceTableChange, family: IPFamily) -> SyncReport {
        let table = Self.withLoopback(change.new)
        _ = relay.table.apply(
            ServiceTableChange(old: Self.withLoopback(change.old), new: table, changed: change.changed), family: family)
        return bind(table, family)
    }

    /// NodePorts are served at the loopback too, and there alone where the node's addresses are not known.
    private static func withLoopback(_ table: ServiceTable) -> ServiceTable {
        var table = table
        let loopbacks = IPFamily.allCases.map(IPAddress.loopback)
        table.node.nodePortAddresses += loopbacks.filter { !table.node.nodePortAddresses.contains($0) }
        return table
    }

    private mutating func bind(_ table: ServiceTable, _ family: IPFamily) -> SyncReport {
        tables[family] = table
        let frontends = tables.flatMap { family, table in BoundFrontend.all(of: table, family) }
        let before = relay.boundPlaces
        let own = Dictionary(
            frontends.flatMap { frontend in frontend.listeners.map { ($0, frontend) } }, uniquingKeysWith: { first, _ in first })
        let wanted = Set(frontends.map(\.key))
        substitutes = substitutes.filter { wanted.contains($0.key) }
        var failures = relay.engine.listen(Set(own.keys).union(substitutes.values))
        tell(failures, own)
        for frontend in frontends where frontend.needsSubstitute(failures) && substitutes[frontend.key] == nil {
            substitutes[frontend.key] = frontend.substitute(port: ports[frontend.key] ?? 0)
        }
        failures = relay.engine.listen(Set(own.keys).union(substitutes.values))
        // The port it had is somebody else's now.
        let lost = substitutes.filter { failures[$0.value] != nil }
        for frontend in frontends where lost[frontend.key] != nil { substitutes[frontend.key] = frontend.substitute(port: 0) }
        if !lost.isEmpty { _ = relay.engine.listen(Set(own.keys).union(substitutes.values)) }
        let places = self.places(frontends)
        relay.publish(places)
        let changed = places.count { before[$0.key] != $0.value }
        let gone = before.keys.count { places[$0] == nil }
        return SyncReport(transactions: changed + gone > 0 ? 1 : 0, elementsAdded: changed, elementsDeleted: gone)
    }

    private mutating func places(_ frontends: [BoundFrontend]) -> [FrontendKey: [SocketAddress]] {
        var places: [FrontendKey: [SocketAddress]] = [:]
        for frontend in frontends {
            let substitute = substitutes[frontend.key]
            let found = (frontend.listeners + (substitute.map { [$0] } ?? [])).compactMap(relay.engine.address)
            places[frontend.key] = found
            guard let substitute, let address = relay.engine.address(of: substitute) else { continue }
            if ports.count >= Self.rememberedPortLimit { ports = [:] }
            ports[frontend.key] = address.port
        }
        return places
    }

    /// Once for each that fails, and again when it was served in between.
    private mutating func tell(_ failures: [RelayListener: Errno], _ own: [RelayListener: BoundFrontend]) {
        told = told.filter { failures[$0] != nil }
        for (listener, errno) in failures {
            // An address that the node does not have is nothing to tell: the loopback stands in.
            guard let frontend = own[listener], errno != .addressNotAvailable, told.insert(listener).inserted else { continue }
            notify(.unbound(frontend.key, at: listener.address, errno))
        }
    }
}
