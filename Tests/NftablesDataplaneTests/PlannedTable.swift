import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane
import ServiceTable

/// A planner and the fake it plans for.
struct PlannedTable {
    var planner: NftablesPlanner
    var fake: FakeNftables

    /// A full plan over what the fake holds, applied in transactions of about this size.
    init(_ table: ServiceTable, family: IPFamily, over fake: FakeNftables? = nil, limitBytes: Int = .max) throws {
        let family = NftablesFamily(family)
        self.fake = fake ?? FakeNftables(family: family)
        let (plan, planner) = NftablesPlanner.fullPlan(family: family, kernel: self.fake.kernelTable, table: table)
        self.planner = planner
        try self.fake.apply(plan, limitBytes: limitBytes)
    }

    /// The incremental step, applied.
    mutating func apply(_ change: ServiceTableChange, limitBytes: Int = .max) throws {
        try fake.apply(planner.plan(change), limitBytes: limitBytes)
    }

    var tracer: PacketTracer {
        PacketTracer(fake, localAddresses: Set(RandomServiceTable.nodeAddresses + RandomServiceTable.otherNodeAddresses))
    }
}

/// Flows whose outcome is not what the table demands, one line each.
func violations(
    _ fake: FakeNftables, of table: ServiceTable, family: IPFamily, also frontends: Set<FrontendKey> = []
) throws -> [String] {
    let owners = table.owners(family)
    let tracer = PacketTracer(
        fake, localAddresses: Set(RandomServiceTable.nodeAddresses + RandomServiceTable.otherNodeAddresses))
    return try FrontendFlow.all(frontends.union(owners.keys)).compactMap { flow in
        let (expected, found) = (flow.expected(owners), try tracer.outcomes(flow.packet))
        return expected == found ? nil : "\(flow): \(expected) expected, found \(found)"
    }
}

/// What a table means, whatever codes it uses and whatever chains are left over: frontends resolved to
/// the chains and masquerading they get, and the other sets as they are.
struct TableMeaning: Hashable {
    var frontends: [[UInt8]: [String]] = [:]
    var elements: [TableSet: Set<NftablesElement>] = [:]
    /// Codes that no frontend uses.
    var unusedCodes: Set<[UInt8]> = []

    init(_ fake: FakeNftables) {
        let origins: [TableSet] = [
            .fromPod, .fromNode, .fromOutside, .masqueradeFromPod, .masqueradeFromNode, .masqueradeFromOutside,
        ]
        var meanings: [[UInt8]: [String]] = [:]
        for set in origins {
            for element in fake.elements(of: set) {
                var text = set.rawValue
                if case .verdict(let verdict)? = element.data { text += " \(verdict)" }
                meanings[element.key, default: []].append(text)
            }
        }
        unusedCodes = Set(meanings.keys)
        for set in TableSet.allCases where !origins.contains(set) {
            guard set == .serviceAddresses || set == .nodePorts else {
                elements[set] = Set(fake.elements(of: set))
                continue
            }
            for element in fake.elements(of: set) {
                guard case .value(let code)? = element.data else { continue }
                frontends[element.key] = meanings[code] ?? ["an unknown code"]
                unusedCodes.remove(code)
            }
        }
    }
}
