internal import Netlink
internal import NetworkTypes

/// The routing rule and the table that bring packets with the `divert` mark to this host's own sockets, whatever their
/// destination.
struct DivertRoutes {
    let settings: RedirectionRoutes
    let mark: UInt32

    private var rule: PolicyRule {
        PolicyRule(priority: settings.rulePriority, mark: mark, mask: mark, table: settings.table)
    }

    private static let loopback = "lo"

    /// Adds what is missing. True when something was.
    func establish(_ family: IPFamily, _ routes: borrowing PolicyRoutes) throws(NetlinkError) -> Bool {
        var hasChanged = false
        if try !routes.hasLocalDefault(table: settings.table, family) {
            try routes.addLocalDefault(table: settings.table, loopback: try loopbackIndex(), family)
            hasChanged = true
        }
        if try !routes.rules(family).contains(rule) {
            try routes.add(rule, family)
            hasChanged = true
        }
        return hasChanged
    }

    /// - Returns: what was removed, one line each.
    func remove(_ family: IPFamily, _ routes: borrowing PolicyRoutes) throws(NetlinkError) -> [String] {
        var removed: [String] = []
        if try routes.rules(family).contains(rule) {
            try routes.delete(rule, family)
            removed.append("routing rule \(family) priority \(rule.priority)")
        }
        if try routes.hasLocalDefault(table: settings.table, family) {
            try routes.deleteLocalDefault(table: settings.table, loopback: try loopbackIndex(), family)
            removed.append("local route \(family) of table \(settings.table)")
        }
        return removed
    }

    private func loopbackIndex() throws(NetlinkError) -> UInt32 {
        guard let index = try NodeAddresses().interfaceIndex(Self.loopback) else {
            throw NetlinkError(.notFound, doing: "find interface", object: Self.loopback)
        }
        return index
    }
}
