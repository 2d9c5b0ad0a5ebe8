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

    /// Elements it adds or deletes.
    var elementCount: Int {
        switch self {
        case .addElements(_, let elements), .deleteElements(_, let elements): elements.count
        default: 0
        }
    }
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

    /// Hands out the plan as transactions of about `limitBytes` each, cut between service ports only: the
    /// first begins with the prologue, removals come last, and after each the table is valid.
    package func forEachTransaction<E: Error>(
        limitBytes: Int, _ body: ([NftablesOperation]) throws(E) -> Void
    ) throws(E) {
        var pending = ElementsBySet()
        var head = prologue
        for group in groups + removals where !group.isEmpty {
            let size = Self.bytes(group)
            if pending.bytes > 0 && pending.bytes + size > limitBytes {
                try body(head + pending.operations)
                head = []
                pending = ElementsBySet()
            }
            pending.append(group, bytes: size)
        }
        let last = head + pending.operations + epilogue
        if !last.isEmpty { try body(last) }
    }

    /// All of them at once.
    package func transactions(limitBytes: Int) -> [[NftablesOperation]] {
        var result: [[NftablesOperation]] = []
        forEachTransaction(limitBytes: limitBytes) { result.append($0) }
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
}

/// What one transaction does to elements, set by set.
private struct ElementsBySet {
    private var deletions: [TableSet: [NftablesElement]] = [:]
    private var additions: [TableSet: [NftablesElement]] = [:]
    private(set) var bytes = 0

    mutating func append(_ changes: ElementChanges, bytes: Int) {
        for item in changes.deletions { deletions[item.set, default: []].append(item.element) }
        for item in changes.additions { additions[item.set, default: []].append(item.element) }
        self.bytes += bytes
    }

    /// Deletions before additions: an element whose data changes is deleted and added again. Within
    /// each, endpoints before the frontends that point at them.
    var operations: [NftablesOperation] {
        Self.order.compactMap { set in deletions[set].map { .deleteElements(set, $0) } }
            + Self.order.compactMap { set in additions[set].map { .addElements(set, $0) } }
    }

    private static let endpointSets: [TableSet] = [false, true].flatMap { isNodePort in
        [BackendScope.cluster, .local].flatMap { scope in
            let maps = EndpointMaps(isNodePort: isNodePort, scope: scope)
            return [maps.endpoints, maps.affinityEndpoints, maps.affinitySlots]
        }
    }
    private static let order: [TableSet] = endpointSets + TableSet.allCases.filter { !endpointSets.contains($0) }
}
