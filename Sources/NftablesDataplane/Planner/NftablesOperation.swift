package import Netlink
internal import ServiceTable

/// One thing to do to a Fairway table. What a planner makes and an executor does.
package enum NftablesOperation: Sendable, Hashable {
    case addTable
    case deleteTable
    case addChain(NftablesChain)
    case deleteChain(String)
    /// Empties the chain.
    case flushChain(String)
    case addRule(NftablesRule)
    case addSet(NftablesSet)
    case flushSet(TableSet)
    case addElements(TableSet, [NftablesElement])
    case deleteElements(TableSet, [NftablesElement])
}

/// What one service port, or several that exchange a frontend, need changed: never split over two
/// transactions.
package struct ElementChanges: Sendable, Hashable {
    package var deletions: [SetElement] = []
    package var additions: [SetElement] = []

    package init() {}

    package var isEmpty: Bool { deletions.isEmpty && additions.isEmpty }

    mutating func delete(_ set: TableSet, _ element: NftablesElement) { deletions.append(SetElement(set, element)) }
    mutating func add(_ set: TableSet, _ element: NftablesElement) { additions.append(SetElement(set, element)) }

    mutating func append(_ other: ElementChanges) {
        deletions.append(contentsOf: other.deletions)
        additions.append(contentsOf: other.additions)
    }
}

/// Everything that takes a table from one state to the next.
package struct NftablesPlan: Sendable, Hashable {
    /// What the groups stand on: table, sets, chains, rules, treatments.
    package var prologue: [NftablesOperation] = []
    /// Service ports, each in one piece.
    package var groups: [ElementChanges] = []
    /// Service ports that are gone, then what nothing needs any more.
    package var removals: [ElementChanges] = []
    package var epilogue: [NftablesOperation] = []

    package init() {}

    package var isEmpty: Bool {
        prologue.isEmpty && epilogue.isEmpty && groups.allSatisfy(\.isEmpty) && removals.allSatisfy(\.isEmpty)
    }
}

extension NftablesPlan {
    /// Bytes of one element in a netlink message beside its key and data: six attribute headers of
    /// four bytes each, with padding.
    private static let elementOverheadBytes = 28

    /// The plan as transactions of about `limitBytes` each, cut between service ports only: the first
    /// begins with the prologue, removals come last, and after each the table is valid.
    package func transactions(limitBytes: Int) -> [[NftablesOperation]] {
        var result: [[NftablesOperation]] = []
        var pending = ElementChanges()
        var bytes = 0
        func flush(_ head: [NftablesOperation], _ tail: [NftablesOperation]) {
            let all = head + Self.operations(pending) + tail
            if !all.isEmpty { result.append(all) }
            pending = ElementChanges()
            bytes = 0
        }
        var head = prologue
        for group in groups + removals where !group.isEmpty {
            let size = Self.bytes(group)
            if bytes > 0 && bytes + size > limitBytes {
                flush(head, [])
                head = []
            }
            pending.append(group)
            bytes += size
        }
        flush(head, epilogue)
        return result
    }

    private static func bytes(_ group: ElementChanges) -> Int {
        var sum = 0
        for change in [group.deletions, group.additions] {
            for item in change {
                sum += elementOverheadBytes + item.element.key.count
                if case .value(let data)? = item.element.data { sum += data.count }
            }
        }
        return sum
    }

    /// Deletions before additions: an element whose data changes is deleted and added again. Within
    /// each, endpoints before the frontends that point at them, in the order of `TableSet`.
    static func operations(_ changes: ElementChanges) -> [NftablesOperation] {
        grouped(changes.deletions).map { .deleteElements($0, $1) } + grouped(changes.additions).map { .addElements($0, $1) }
    }

    private static let endpointSets: [TableSet] = [false, true].flatMap { isNodePort in
        [BackendScope.cluster, .local].flatMap { scope in
            let maps = EndpointMaps(isNodePort: isNodePort, scope: scope)
            return [maps.endpoints, maps.affinityEndpoints, maps.affinitySlots]
        }
    }
    private static let order: [TableSet] = endpointSets + TableSet.allCases.filter { !endpointSets.contains($0) }

    private static func grouped(_ items: [SetElement]) -> [(TableSet, [NftablesElement])] {
        var bySet: [TableSet: [NftablesElement]] = [:]
        for item in items { bySet[item.set, default: []].append(item.element) }
        return order.compactMap { set in bySet[set].map { (set, $0) } }
    }
}
