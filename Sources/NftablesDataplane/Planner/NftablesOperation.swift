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

    /// Takes out, and gives back, the deletions of endpoints: what a packet may still be on its way to. An
    /// endpoint that is replaced under its key stays in.
    mutating func takeEndpointDeletions() -> ElementChanges {
        var taken = ElementChanges()
        guard deletions.contains(where: { $0.set.holdsEndpoints }) else { return taken }
        let replaced = Set(additions.lazy.filter { $0.set.holdsEndpoints }.map { Place(set: $0.set, key: $0.element.key) })
        var kept: [SetElement] = []
        for item in deletions {
            let isTaken = item.set.holdsEndpoints && !replaced.contains(Place(set: item.set, key: item.element.key))
            if isTaken { taken.deletions.append(item) } else { kept.append(item) }
        }
        deletions = kept
        return taken
    }

    private struct Place: Hashable {
        let set: TableSet
        let key: [UInt8]
    }
}

extension TableSet {
    /// A map from a frontend and an index, or an id, to an endpoint: looked in after the frontend's code.
    var holdsEndpoints: Bool { ElementsBySet.endpointSets.contains(self) }
}

/// Everything that takes a table from one state to the next.
package struct NftablesPlan: Sendable, Hashable {
    /// What the groups stand on: table, sets, chains, rules, treatments.
    package var prologue: [NftablesOperation] = []
    /// Service ports, each in one piece.
    package var groups: [ElementChanges] = []
    /// Service ports that are gone, then what nothing needs any more.
    package var removals: [ElementChanges] = []
    /// Endpoints that frontends which stay have no longer.
    package var afterwards: [ElementChanges] = []
    package var epilogue: [NftablesOperation] = []

    package init() {}

    package var isEmpty: Bool {
        prologue.isEmpty && epilogue.isEmpty && groups.allSatisfy(\.isEmpty) && removals.allSatisfy(\.isEmpty)
            && afterwards.allSatisfy(\.isEmpty)
    }

    /// The plan deletes the table to make it anew.
    var replacesTable: Bool { prologue.contains(.deleteTable) }

    private var changesFrontends: Bool { groups.contains { !$0.isEmpty } }

    /// The prologue adds chains that frontends of the groups are sent to, in a table that packets pass.
    ///
    /// A packet runs the rules that were in force when its walk began (the generation bit that `nft_do_chain`
    /// reads once), and looks in maps as they are at that moment (nft_genmask_cur). So one that began
    /// before the commit can find the new chain, and it is empty for it.
    var waitsForChains: Bool {
        changesFrontends && !prologue.contains(.addTable)
            && prologue.contains { if case .addChain = $0 { true } else { false } }
    }

    /// A packet may be on its way by what the plan takes away: it has found the code of a frontend, and looks
    /// for the code's chain, or for an endpoint by the number that it drew, when the kernel has gone on to the
    /// next generation meanwhile.
    var waitsForPackets: Bool {
        !replacesTable && (afterwards.contains { !$0.isEmpty } || (!epilogue.isEmpty && changesFrontends))
    }
}

extension NftablesPlan {
    /// Bytes of one element in a netlink message beside its key and data: six attribute headers of
    /// four bytes each, with padding.
    private static let elementOverheadBytes = 28

    /// Hands out the plan as transactions of about `limitBytes` each, cut between service ports only: the
    /// first begins with the prologue, removals come last, and after each the table is valid.
    ///
    /// - Parameter body: `afterPackets`: to be committed only once every packet that was on its way when the
    ///   transaction before was committed has passed the table.
    package func forEachTransaction<E: Error>(
        limitBytes: Int, _ body: (_ operations: [NftablesOperation], _ afterPackets: Bool) throws(E) -> Void
    ) throws(E) {
        let (waitsForChains, waitsForPackets) = (waitsForChains, waitsForPackets)
        if waitsForChains { try body(prologue, false) }
        var waits = waitsForChains
        try Self.cut(
            groups + removals + (waitsForPackets ? [] : afterwards), head: waitsForChains ? [] : prologue,
            tail: waitsForPackets ? [] : epilogue, limitBytes
        ) { (operations) throws(E) in
            try body(operations, waits)
            waits = false
        }
        guard waitsForPackets else { return }
        waits = true
        try Self.cut(afterwards, head: [], tail: epilogue, limitBytes) { (operations) throws(E) in
            try body(operations, waits)
            waits = false
        }
    }

    private static func cut<E: Error>(
        _ groups: [ElementChanges], head: [NftablesOperation], tail: [NftablesOperation], _ limitBytes: Int,
        _ body: ([NftablesOperation]) throws(E) -> Void
    ) throws(E) {
        var pending = ElementsBySet()
        var head = head
        for group in groups where !group.isEmpty {
            let size = Self.bytes(group)
            if pending.bytes > 0 && pending.bytes + size > limitBytes {
                try body(head + pending.operations)
                head = []
                pending = ElementsBySet()
            }
            pending.append(group, bytes: size)
        }
        let last = head + pending.operations + tail
        if !last.isEmpty { try body(last) }
    }

    /// All of them at once.
    package func transactions(limitBytes: Int) -> [[NftablesOperation]] {
        var result: [[NftablesOperation]] = []
        forEachTransaction(limitBytes: limitBytes) { operations, _ in result.append(operations) }
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

    static let endpointSets: [TableSet] = [false, true].flatMap { isNodePort in
        [BackendScope.cluster, .local].flatMap { scope in
            let maps = EndpointMaps(isNodePort: isNodePort, scope: scope)
            return [maps.endpoints, maps.affinityEndpoints, maps.affinitySlots]
        }
    }
    private static let order: [TableSet] = endpointSets + TableSet.allCases.filter { !endpointSets.contains($0) }
}
