package import Dataplane
internal import LinuxSystem
package import NetworkTypes
internal import Relay
package import ServiceTable

/// Services carried by this process: packets to frontends come to the relay's listeners, and the relay connects to backends.
///
/// Calls block; one thread makes them, in the network namespace the value was made in. Nothing is served any more when the
/// process ends; what it left in the kernel refuses or drops, until the next one takes it over.
package struct UserspaceDataplane: Dataplane, ~Copyable {
    package static let modeName = "userspace"

    private let relay: UserspaceRelay
    /// Nil when frontends are bound.
    private var redirection: Redirection?
    private var ports: [IPFamily: RedirectionPorts] = [:]
    private var binding: FrontendBinding

    /// The table in each family that packets are redirected by.
    package static var tableName: String { RedirectionLayout.tableName }

    /// Of the netlink socket that the table is written over; nil when frontends are bound.
    package let portID: UInt32?

    /// - Parameters:
    ///   - commits: is told of what is written to the table.
    ///   - notify: is told what people should know; called on the thread that makes the calls.
    /// - Throws: `.permission` without CAP_NET_ADMIN where packets are redirected.
    package init(
        _ settings: UserspaceSettings, relay: UserspaceRelay, commits: RedirectionCommits? = nil,
        notify: @escaping @Sendable (UserspaceNotice) -> Void = { _ in }
    ) throws(DataplaneError) {
        self.relay = relay
        binding = FrontendBinding(relay, notify: notify)
        do throws(DataplaneError) {
            if settings.binding == .redirect {
                let made = try Redirection(settings, commits: commits)
                portID = made.portID
                redirection = consume made
            } else {
                portID = nil
                redirection = nil
            }
        } catch {
            throw error.code == .permission ? Self.needsPrivilege(error.cause) : error
        }
    }

    private static func needsPrivilege(_ cause: String) -> DataplaneError {
        DataplaneError(
            .permission, doing: "redirect packets to the relay",
            cause: "\(cause); or bind frontends instead, which needs no privilege: --userspace-bind loopback")
    }

    /// The relay's state is its own: an earlier process left none.
    package mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder { AdoptedOrder() }

    package mutating func synchronize(
        _ table: ServiceTable, family: IPFamily
    ) throws(DataplaneError) -> SyncReport {
        guard redirection != nil else { return binding.synchronize(table, family: family) }
        _ = relay.table.synchronize(table, family: family)
        let ports = try listen()
        return try redirection?.synchronize(table, family: family, ports: ports[family] ?? RedirectionPorts())
            ?? SyncReport()
    }

    package mutating func apply(
        _ change: ServiceTableChange, family: IPFamily
    ) throws(DataplaneError) -> SyncReport {
        guard redirection != nil else { return binding.apply(change, family: family) }
        // What is new is known to the relay before a packet comes for it, and what goes until none comes any more.
        let gone = change.changed.filter { change.new[$0] == nil }
        let kept = change.changed.filter { change.new[$0] != nil }
        _ = relay.table.apply(ServiceTableChange(old: change.old, new: change.new, changed: kept), family: family)
        let report = try redirection?.apply(change, family: family)
        _ = relay.table.apply(ServiceTableChange(old: change.old, new: change.new, changed: gone), family: family)
        if let report { return report }
        return try synchronize(change.new, family: family)
    }

    /// Opens the listeners behind the redirection, once.
    private mutating func listen() throws(DataplaneError) -> [IPFamily: RedirectionPorts] {
        if !ports.isEmpty { return ports }
        let engine = relay.engine
        let wanted = IPFamily.allCases.map(RedirectionListeners.all)
        let failures = engine.listen(wanted.reduce(into: []) { $0.formUnion($1) })
        // A host without IPv6 has no such sockets, and no packets that would miss them.
        if let (listener, errno) = failures.first(where: { $0.key.address.family == .ipv4 }) {
            throw DataplaneError(
                .refused, doing: "listen at \(listener.address) for the relay", cause: errno.description)
        }
        for family in IPFamily.allCases {
            var found = RedirectionPorts()
            for place in RedirectionListeners.places {
                found[place] = engine.address(of: RedirectionListeners.listener(place, family))?.port ?? 0
            }
            ports[family] = found
        }
        return ports
    }

    package mutating func cleanup() throws(DataplaneError) -> [String] {
        relay.publish([:])
        _ = relay.engine.listen([])
        ports = [:]
        return try redirection?.remove() ?? []
    }

    /// Removes what this mode ever put into the kernel, without a relay.
    ///
    /// - Returns: what was removed, one line each.
    package static func removeState(_ settings: UserspaceSettings = UserspaceSettings()) throws(DataplaneError) -> [String] {
        var redirection = try Redirection(settings)
        return try redirection.remove()
    }

    /// Has nothing new brought to relays by what this mode ever put into the kernel; connections that they have go on.
    ///
    /// - Returns: false when there is nothing.
    package static func retireState(_ settings: UserspaceSettings = UserspaceSettings()) throws(DataplaneError) -> Bool {
        try Redirection(settings).retire()
    }

    /// Finds out whether this process could be the dataplane, and changes nothing: it may write to nf_tables, and the kernel
    /// has what the rules are made of.
    ///
    /// - Throws: as `init` does, and `.unsupported` or `.refused` with what the kernel says to the rules.
    package static func rehearse(_ settings: UserspaceSettings) throws(DataplaneError) {
        guard settings.binding == .redirect else { return }
        do throws(DataplaneError) { try Redirection(settings).rehearse() } catch {
            throw error.code == .permission ? needsPrivilege(error.cause) : error
        }
    }
}
