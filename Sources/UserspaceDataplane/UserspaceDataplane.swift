package import Dataplane
internal import LinuxSystem
package import NetworkTypes
package import Relay
package import ServiceTable

/// Services carried by this process: packets to frontends come to the relay's listeners, and the relay connects to backends.
///
/// Calls block; one thread makes them, in the network namespace the value was made in. Nothing is served any more when the
/// process ends; what it left in the kernel refuses or drops, until the next one takes it over.
package struct UserspaceDataplane: Dataplane, ~Copyable {
    package static let modeName = "userspace"

    private let settings: UserspaceSettings
    private let routing: any UserspaceRouting
    private let engine: RelayEngine
    /// Nil when frontends are bound.
    private var redirection: Redirection?
    private var ports: [IPFamily: RedirectionPorts] = [:]

    /// - Throws: `.permission` without CAP_NET_ADMIN where packets are redirected.
    package init(
        _ settings: UserspaceSettings, routing: any UserspaceRouting, engine: RelayEngine
    ) throws(DataplaneError) {
        self.settings = settings
        self.routing = routing
        self.engine = engine
        redirection = settings.binding == .redirect ? try Redirection(settings) : nil
    }

    /// The relay's state is its own: an earlier process left none.
    package mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder { AdoptedOrder() }

    package mutating func synchronize(
        _ table: ServiceTable, family: IPFamily
    ) throws(DataplaneError) -> SyncReport {
        routing.synchronize(table, family: family)
        engine.backendsChanged()
        let ports = try listen()
        return try redirection?.synchronize(table, family: family, ports: ports[family] ?? RedirectionPorts())
            ?? SyncReport()
    }

    package mutating func apply(
        _ change: ServiceTableChange, family: IPFamily
    ) throws(DataplaneError) -> SyncReport {
        // What is new is known to the relay before a packet comes for it, and what goes until none comes any more.
        let gone = change.changed.filter { change.new[$0] == nil }
        let kept = change.changed.filter { change.new[$0] != nil }
        routing.apply(ServiceTableChange(old: change.old, new: change.new, changed: kept), family: family)
        let report = try redirection?.apply(change, family: family)
        routing.apply(ServiceTableChange(old: change.old, new: change.new, changed: gone), family: family)
        engine.backendsChanged()
        if let report { return report }
        return try synchronize(change.new, family: family)
    }

    /// Opens the listeners behind the redirection, once.
    private mutating func listen() throws(DataplaneError) -> [IPFamily: RedirectionPorts] {
        if !ports.isEmpty { return ports }
        let wanted = IPFamily.allCases.map(RedirectionListeners.all)
        let failures = engine.listen(wanted.reduce(into: []) { $0.formUnion($1) })
        for family in IPFamily.allCases {
            // A host without IPv6 has no such sockets; what nobody listens at is not reached either.
            var found = RedirectionPorts()
            for place in RedirectionListeners.places {
                let listener = RedirectionListeners.listener(place, family)
                found[place] = engine.address(of: listener)?.port ?? 0
            }
            ports[family] = found
        }
        if let (listener, errno) = failures.first(where: { $0.key.address.family == .ipv4 }) {
            ports = [:]
            throw DataplaneError(
                .refused, doing: "listen at \(listener.address) for the relay", cause: errno.description)
        }
        return ports
    }

    package mutating func cleanup() throws(DataplaneError) -> [String] { try redirection?.remove() ?? [] }
}
