package import Netlink
internal import NetworkTypes
package import ServiceTable

/// Sweeps, resolved against service tables: says of an entry whether it is stale. Pure.
package struct SweepPlan: Sendable {
    private enum Rule {
        /// Flows may go to these places.
        case served(Set<FlowPlace>)
        /// Flows may go nowhere but where they are sent.
        case nobody
    }

    private let rules: [FlowDestination: Rule]
    private let closesTCP: Bool

    /// - Parameter tables: a place is good when one of them has it: the table in the kernel, and the one
    ///   that is on its way there, whose flows may have begun already.
    package init(_ sweeps: some Sequence<Sweep>, tables: [ServiceTable], closesTCP: Bool) {
        var places: [ServicePortKey: Set<FlowPlace>] = [:]
        var rules: [FlowDestination: Rule] = [:]
        for sweep in sweeps {
            guard let owner = sweep.owner else {
                rules[sweep.destination] = .nobody
                continue
            }
            let good =
                places[owner]
                ?? tables.reduce(into: []) { good, table in
                    if let port = table[owner] { good.formUnion(port.goodPlaces) }
                }
            places[owner] = good
            rules[sweep.destination] = .served(good)
        }
        self.rules = rules
        self.closesTCP = closesTCP
    }

    package var destinations: some Collection<FlowDestination> { rules.keys }

    package func isStale(_ entry: ConntrackEntry) -> Bool {
        guard let port = PortNumber(rawValue: entry.original.destinationPort),
            let rule = rules[FlowDestination(entry.protocol, entry.original.destination, port)]
        else { return false }
        let place = FlowPlace(entry.reply.source, entry.reply.sourcePort)
        switch rule {
        case .nobody:
            // A connection whose Service is gone goes on for as long as its pod lives, and the packets of
            // one that is cut off here would be dropped without a word.
            return entry.protocol != .tcp && !entry.goesWhereSent
        case .served(let good):
            if good.contains(place) { return false }
            guard entry.protocol == .tcp else { return true }
            return entry.goesWhereSent ? !entry.status.contains(.seenReply) : closesTCP
        }
    }

    /// What the kernel is asked for, so that it hands out as few entries as possible, and every stale one.
    ///
    /// One question walks the whole hash table (of all namespaces), whatever it finds; so where there are
    /// many destinations of one protocol they share one, narrowed down to what they have in common.
    ///
    /// - Parameter limit: more destinations than this share one question.
    package func filters(limit: Int) -> [ConntrackFilter] {
        var groups: [Group: [FlowDestination]] = [:]
        for destination in rules.keys {
            groups[Group(transport: destination.protocol, family: destination.address.family), default: []]
                .append(destination)
        }
        return groups.flatMap { group, destinations -> [ConntrackFilter] in
            let single = Set(destinations.map { filter(group, $0.address, $0.port) })
            if single.count <= limit { return Array(single) }
            let (address, port) = (destinations[0].address, destinations[0].port)
            return [
                filter(
                    group, destinations.allSatisfy { $0.address == address } ? address : nil,
                    destinations.allSatisfy { $0.port == port } ? port : nil)
            ]
        }
    }

    private struct Group: Hashable {
        let transport: TransportProtocol
        let family: IPFamily
    }

    private func filter(_ group: Group, _ address: IPAddress?, _ port: PortNumber?) -> ConntrackFilter {
        var filter = ConntrackFilter(family: group.family, protocol: group.transport, destinationPort: port)
        // The kernel cannot compare IPv6 addresses: frontends with the same port share a question.
        if group.family == .ipv4 { filter.destination = address }
        if group.transport == .tcp && !closesTCP { filter.status = ([], .seenReply) }
        return filter
    }
}
