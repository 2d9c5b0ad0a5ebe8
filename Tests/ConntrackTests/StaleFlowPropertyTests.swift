import Conntrack
import DataplaneTesting
import Netlink
import NetworkTypes
import RandomTesting
import ServiceTable
import Testing

/// Random steps of random tables over a random flow table, against an oracle that walks everything.
@Suite struct StaleFlowPropertyTests {
    @Test("after the sweeps no flow is stale, and none that was good is gone", arguments: 0..<40, [false, true])
    func sweepsEqualOracle(seed: Int, closesTCP: Bool) {
        var tables = RandomServiceTable(seed: UInt64(seed))
        var random = SplitMix64(seed: UInt64(seed) &+ 1000)
        let flows = StaleFlows(closesTCP: closesTCP)
        var table = ServiceTable(node: RandomServiceTable.node)
        var live: Set<ConntrackEntry> = []
        for step in 0..<12 {
            // Packets sent under the table that is in force, to frontends and elsewhere.
            for number in 0..<60 {
                if let entry = Self.entry(table, number + step * 100, &random) { live.insert(entry) }
            }
            var next = tables.changed(table, oneIn: 3)
            if random.oneIn(4) {
                next.node.nodePortAddresses = random.oneIn(2)
                    ? RandomServiceTable.nodeAddresses
                    : RandomServiceTable.nodeAddresses + RandomServiceTable.otherNodeAddresses
            }
            let change = next.changes(from: table)
            let sweeps = IPFamily.allCases.flatMap { flows.sweeps(of: change, family: $0) }
            let plan = SweepPlan(sweeps, tables: [next], closesTCP: closesTCP)
            let gone = live.filter { plan.isStale($0) }
            let expected = live.filter { Self.isStale($0, before: table, after: next, closesTCP: closesTCP) }
            #expect(gone == expected, "step \(step): \(gone.symmetricDifference(expected))")
            // The kernel is asked for each of them.
            for limit in [0, 4, 1000] {
                let filters = plan.filters(limit: limit)
                #expect(gone.allSatisfy { entry in filters.contains { $0.matches(entry) } }, "limit \(limit)")
            }
            live.subtract(gone)
            table = next
        }
    }

    /// Who serves a destination, by looking at every frontend of every service port.
    private static func owner(_ entry: ConntrackEntry, in table: ServiceTable) -> ServicePort? {
        table.values.first { port in
            port.key.id.protocol == entry.protocol && port.key.family == entry.family
                && port.frontends.contains { frontend in
                    guard frontend.port.rawValue == entry.original.destinationPort else { return false }
                    switch frontend.destination {
                    case .address(let address): return address == entry.original.destination
                    case .nodeAddresses: return table.node.nodePortAddresses.contains(entry.original.destination)
                    }
                }
        }
    }

    private static func isStale(
        _ entry: ConntrackEntry, before: ServiceTable, after: ServiceTable, closesTCP: Bool
    ) -> Bool {
        guard let port = owner(entry, in: after) else {
            return entry.protocol != .tcp && !entry.goesWhereSent && owner(entry, in: before) != nil
        }
        let isGood = (port.clusterBackends.backends + port.localBackends.backends + port.lingering).contains {
            $0.address == entry.reply.source && $0.port.rawValue == entry.reply.sourcePort
        }
        if isGood { return false }
        switch entry.protocol {
        case .udp, .sctp: return true
        case .tcp: return entry.goesWhereSent ? !entry.status.contains(.seenReply) : closesTCP
        }
    }

    /// A flow as the table in force would begin it: translated to a backend of the frontend, or, where
    /// nothing serves the destination, not at all.
    private static func entry(_ table: ServiceTable, _ number: Int, _ random: inout SplitMix64) -> ConntrackEntry? {
        let transport = TransportProtocol.allCases.randomElement(using: &random) ?? .udp
        let family = IPFamily.allCases.randomElement(using: &random) ?? .ipv4
        let index = Int.random(in: 1...12, using: &random)
        let isV4 = family == .ipv4
        let address: IPAddress
        var port = UInt16(index % 3 + 80)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: address = .text((isV4 ? "10.96.0." : "fd00:96::") + "\(index)")
        case 1: address = .text((isV4 ? "203.0.113." : "fd00:203::") + "\(index)")
        default:
            let nodes = RandomServiceTable.nodeAddresses + RandomServiceTable.otherNodeAddresses
            guard let node = nodes.filter({ $0.family == family }).randomElement(using: &random) else { return nil }
            address = node
            port = UInt16(30000 + index % 5)
        }
        let source: IPAddress = .text(isV4 ? "192.0.2.2" : "2001:db8:2::2")
        let client = UInt16(truncatingIfNeeded: 1024 + number)
        var entry = ConntrackEntry(
            transport,
            original: ConntrackTuple(source: source, sourcePort: client, destination: address, destinationPort: port),
            status: random.oneIn(2) ? .seenReply : [])
        if let owner = owner(entry, in: table) {
            let places = owner.clusterBackends.backends + owner.localBackends.backends
            // Refused packets leave no entry.
            guard let place = places.randomElement(using: &random) else { return nil }
            entry.reply.source = place.address
            entry.reply.sourcePort = place.port.rawValue
        }
        return entry
    }
}
