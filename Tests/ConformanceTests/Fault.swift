import ConformanceTesting
import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane
import ServiceTable

/// A mistake put into a table on purpose.
enum Fault: Sendable, Hashable, CustomStringConvertible {
    case ruleLeftOut(NftablesRule)
    case verdictSwapped(NftablesRule)
    /// Chains whose names differ in numbers alone are of one kind: what holds for one holds for all.
    case balanceRuleLeftOut(kind: String, index: Int)
    case setEmptied(TableSet)
    case setsSwapped(TableSet, TableSet)

    var description: String {
        switch self {
        case .ruleLeftOut(let rule): "left out of \(rule.chain): \(Self.text(rule))"
        case .verdictSwapped(let rule): "another verdict in \(rule.chain): \(Self.text(rule))"
        case .balanceRuleLeftOut(let kind, let index): "rule \(index) left out of \(kind)"
        case .setEmptied(let set): "\(set.rawValue) emptied"
        case .setsSwapped(let a, let b): "\(a.rawValue) and \(b.rawValue) swapped"
        }
    }

    /// The table with the mistake; nil when it makes no difference there.
    func made(in table: KernelTable) -> KernelTable? {
        var faulty = table
        switch self {
        case .ruleLeftOut(let rule):
            guard let index = table.rules[rule.chain]?.firstIndex(of: rule) else { return nil }
            faulty.rules[rule.chain]?.remove(at: index)
        case .verdictSwapped(let rule):
            guard let index = table.rules[rule.chain]?.firstIndex(of: rule), let swapped = Self.otherVerdict(rule)
            else { return nil }
            faulty.rules[rule.chain]?[index] = swapped
        case .balanceRuleLeftOut(let kind, let index):
            let chains = table.rules.filter { Self.kind($0.key) == kind && $0.value.count > index }.keys
            if chains.isEmpty { return nil }
            for chain in chains { faulty.rules[chain]?.remove(at: index) }
        case .setEmptied(let set):
            if table.elements[set]?.isEmpty ?? true { return nil }
            faulty.elements[set] = []
        case .setsSwapped(let a, let b):
            let (left, right) = (table.elements[a] ?? [], table.elements[b] ?? [])
            if Set(left) == Set(right) { return nil }
            faulty.elements[a] = right
            faulty.elements[b] = left
        }
        return faulty
    }

    /// The expressions that tell one rule of a chain from another.
    private static func text(_ rule: NftablesRule) -> String {
        let words: [String] = rule.expressions.compactMap { expression in
            switch expression {
            case .lookup(let set, _, _): "in \(set)"
            case .mapLookup(let map, _, _): "by \(map)"
            case .compare(_, _, let value): "compare \(value)"
            case .fibAddressType: "fib"
            case .verdict(let verdict): "\(verdict)"
            case .reject: "reject"
            case .masquerade: "masquerade"
            default: nil
            }
        }
        return words.joined(separator: ", ")
    }

    /// `balance-3-nodeport` as `balance-N-nodeport`.
    static func kind(_ chain: String) -> String {
        chain.split(separator: "-").map { Int($0) == nil ? String($0) : "N" }.joined(separator: "-")
    }

    /// Drop for reject, accept for where it went on.
    private static func otherVerdict(_ rule: NftablesRule) -> NftablesRule? {
        var expressions = rule.expressions
        for (index, expression) in expressions.enumerated() {
            switch expression {
            case .verdict(.drop): expressions[index] = .verdict(.accept)
            case .verdict(.goto), .verdict(.jump): expressions[index] = .verdict(.drop)
            case .reject: expressions[index] = .verdict(.drop)
            default: continue
            }
            return NftablesRule(chain: rule.chain, expressions)
        }
        return nil
    }
}

extension Fault {
    /// Every fault there is to make: from the layout itself, so that a new rule or set is here at once.
    static func all(_ family: IPFamily, balanceChains: [String: Int]) -> [Fault] {
        let layout = TableLayout(family: NftablesFamily(family))
        var rules: [NftablesRule] = []
        for rule in (OriginTables.detectors + [.none]).flatMap({ layout.rules($0) }) where !rules.contains(rule) { rules.append(rule) }
        var faults: [Fault] = rules.map { .ruleLeftOut($0) }
        faults += rules.map(Fault.verdictSwapped).filter {
            if case .verdictSwapped(let rule) = $0 { otherVerdict(rule) != nil } else { false }
        }
        for (kind, count) in balanceChains.sorted(by: { $0.key < $1.key }) {
            faults += (0..<count).map { .balanceRuleLeftOut(kind: kind, index: $0) }
        }
        // What clients are remembered by is filled by packets, not by the plan.
        let sets = TableSet.allCases.filter { !$0.isLearned }
        faults += sets.map { .setEmptied($0) }
        for (index, a) in sets.enumerated() {
            let first = a.definition(NftablesFamily(family))
            for b in sets[(index + 1)...] {
                let second = b.definition(NftablesFamily(family))
                if first.key == second.key && first.data == second.data { faults.append(.setsSwapped(a, b)) }
            }
        }
        return faults
    }
}
