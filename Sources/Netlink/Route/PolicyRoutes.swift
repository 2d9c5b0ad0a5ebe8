import CNetfilter
import Glibc
package import NetworkTypes

/// A rule that sends packets with a mark to a routing table of their own (ip-rule(8)).
package struct PolicyRule: Sendable, Hashable {
    /// Where it stands among the rules: smaller ones come first.
    package let priority: UInt32
    package let mark: UInt32
    package let mask: UInt32
    package let table: UInt32

    package init(priority: UInt32, mark: UInt32, mask: UInt32, table: UInt32) {
        self.priority = priority
        self.mark = mark
        self.mask = mask
        self.table = table
    }
}

/// Routing rules and the tables they lead to, over rtnetlink, of the network namespace of the thread that opened it.
///
/// Its calls block. Changes need CAP_NET_ADMIN.
package struct PolicyRoutes: ~Copyable, Sendable {
    private let socket: NetlinkSocket

    package init() throws(NetlinkError) { socket = try NetlinkSocket(.route) }

    /// The rules of one family that look at the mark and at nothing else.
    package func rules(_ family: IPFamily) throws(NetlinkError) -> [PolicyRule] {
        var rules: [PolicyRule] = []
        try dump(RTM_GETRULE, family, doing: "list routing rules", restart: { rules = [] }) { header, payload in
            if Int32(header.type) == Int32(RTM_NEWRULE), let rule = PolicyRule(payload) { rules.append(rule) }
        }
        return rules
    }

    /// - Throws: `.exists` when there is one like it.
    package func add(_ rule: PolicyRule, _ family: IPFamily) throws(NetlinkError) {
        try change(rule, family, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, doing: "add routing rule")
    }

    /// - Throws: `.notFound` when there is none like it.
    package func delete(_ rule: PolicyRule, _ family: IPFamily) throws(NetlinkError) {
        try change(rule, family, RTM_DELRULE, 0, doing: "delete routing rule")
    }

    private func change(
        _ rule: PolicyRule, _ family: IPFamily, _ type: Int, _ flags: Int32, doing: String
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 128)
        let start = writer.beginMessage(
            type: UInt16(type), flags: UInt16(NLM_F_REQUEST | NLM_F_ACK | flags), sequence: 1)
        // struct fib_rule_hdr: family, lengths of destination and source, tos; table, two reserved, action; flags.
        // Tables beyond a byte are in an attribute (RT_TABLE_COMPAT); FR_ACT_TO_TBL of linux/fib_rules.h is 1.
        writer.append([Self.number(family), 0, 0, 0, UInt8(RT_TABLE_COMPAT.rawValue), 0, 0, 1])
        writer.append(hostOrder: 0)
        writer.put(RuleAttribute.priority, hostOrder: rule.priority)
        writer.put(RuleAttribute.mark, hostOrder: rule.mark)
        writer.put(RuleAttribute.mask, hostOrder: rule.mask)
        writer.put(RuleAttribute.table, hostOrder: rule.table)
        writer.endMessage(at: start)
        try socket.perform(writer, doing: doing, object: "\(family) mark \(rule.mark) table \(rule.table)")
    }

    /// Whether everything is this host's own in that table: `local default dev lo`.
    package func hasLocalDefault(table: UInt32, _ family: IPFamily) throws(NetlinkError) -> Bool {
        var found = false
        try dump(RTM_GETROUTE, family, doing: "list routes", restart: { found = false }) { header, payload in
            // struct rtmsg: length of the destination at byte 1, type at 7; attributes from 12 on.
            guard Int32(header.type) == Int32(RTM_NEWROUTE), payload.byteCount >= 12,
                payload.integer(at: 1, as: UInt8.self) == 0, payload.integer(at: 7, as: UInt8.self) == UInt8(RTN_LOCAL)
            else { return }
            payload.forEachAttribute(from: 12) { type, value in
                if UInt32(type) == RTA_TABLE.rawValue, value.integer(at: 0, as: UInt32.self) == table { found = true }
            }
        }
        return found
    }

    /// Makes everything this host's own for who looks into that table.
    ///
    /// - Throws: `.exists` when it is so.
    package func addLocalDefault(table: UInt32, loopback index: UInt32, _ family: IPFamily) throws(NetlinkError) {
        try changeLocalDefault(table, index, family, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, doing: "add local route")
    }

    /// - Throws: `.notFound` when there is none (ESRCH).
    package func deleteLocalDefault(table: UInt32, loopback index: UInt32, _ family: IPFamily) throws(NetlinkError) {
        do throws(NetlinkError) {
            try changeLocalDefault(table, index, family, RTM_DELROUTE, 0, doing: "delete local route")
        } catch {
            guard error.errno == ESRCH else { throw error }
            throw NetlinkError(.notFound, doing: error.doing, errno: error.errno, object: error.object)
        }
    }

    private func changeLocalDefault(
        _ table: UInt32, _ index: UInt32, _ family: IPFamily, _ type: Int, _ flags: Int32, doing: String
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 128)
        let start = writer.beginMessage(
            type: UInt16(type), flags: UInt16(NLM_F_REQUEST | NLM_F_ACK | flags), sequence: 1)
        // struct rtmsg: family, lengths of destination and source, tos; table, protocol, scope, type; flags.
        let scope = family == .ipv4 ? UInt8(RT_SCOPE_HOST.rawValue) : UInt8(RT_SCOPE_UNIVERSE.rawValue)
        writer.append([
            Self.number(family), 0, 0, 0, UInt8(RT_TABLE_COMPAT.rawValue), UInt8(RTPROT_STATIC), scope, UInt8(RTN_LOCAL),
        ])
        writer.append(hostOrder: 0)
        writer.put(Int(RTA_TABLE.rawValue), hostOrder: table)
        writer.put(Int(RTA_OIF.rawValue), hostOrder: index)
        writer.endMessage(at: start)
        try socket.perform(writer, doing: doing, object: "\(family) table \(table)")
    }

    private func dump(
        _ type: Int, _ family: IPFamily, doing: String, restart: () -> Void,
        _ body: (NetlinkMessageHeader, RawSpan) -> Void
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 64)
        let start = writer.beginMessage(type: UInt16(type), flags: UInt16(NLM_F_REQUEST | NLM_F_DUMP), sequence: 1)
        writer.append([Self.number(family)] + [UInt8](repeating: 0, count: 11))
        writer.endMessage(at: start)
        try socket.dump(writer, doing: doing, restart: restart, body)
    }

    private static func number(_ family: IPFamily) -> UInt8 { UInt8(family == .ipv4 ? AF_INET : AF_INET6) }
}

/// Attributes of a rule (linux/fib_rules.h, whose enumeration has no name to import).
private enum RuleAttribute {
    static let priority = Int(FRA_PRIORITY)
    static let mark = Int(FRA_FWMARK)
    static let table = Int(FRA_TABLE)
    static let mask = Int(FRA_FWMASK)
    /// Conditions that this program never sets.
    static let conditions: Set<Int> = [
        Int(FRA_DST), Int(FRA_SRC), Int(FRA_IIFNAME), Int(FRA_OIFNAME), Int(FRA_GOTO), Int(FRA_UID_RANGE),
        Int(FRA_IP_PROTO), Int(FRA_SPORT_RANGE), Int(FRA_DPORT_RANGE),
    ]
}

extension PolicyRule {
    /// Reads a struct fib_rule_hdr: table at byte 4, action at 7, attributes from 12 on; nil for a rule of another kind.
    fileprivate init?(_ payload: RawSpan) {
        guard payload.byteCount >= 12, let short = payload.integer(at: 4, as: UInt8.self),
            payload.integer(at: 7, as: UInt8.self) == 1
        else { return nil }
        var (priority, mark, mask, table) = (UInt32(0), UInt32(0), UInt32.max, UInt32(short))
        var hasConditions = false
        payload.forEachAttribute(from: 12) { type, value in
            let number = value.integer(at: 0, as: UInt32.self)
            switch type {
            case RuleAttribute.priority: priority = number ?? 0
            case RuleAttribute.mark: mark = number ?? 0
            case RuleAttribute.mask: mask = number ?? .max
            case RuleAttribute.table: table = number ?? table
            default: if RuleAttribute.conditions.contains(type) { hasConditions = true }
            }
        }
        guard mark != 0, !hasConditions else { return nil }
        self.init(priority: priority, mark: mark, mask: mask, table: table)
    }
}
