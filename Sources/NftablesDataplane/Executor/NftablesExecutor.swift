internal import Netlink

/// Sends planned operations to one family's table, and reads it back. Knows no Services.
struct NftablesExecutor {
    let layout: TableLayout

    init(family: NftablesFamily) { layout = TableLayout(family: family) }

    private var table: NftablesTable { layout.table }

    /// Does the operations as one transaction: all or none.
    func commit(_ operations: [NftablesOperation], on socket: borrowing NftablesSocket) throws(NetlinkError) {
        var batch = NftablesBatch(capacity: 256 * 1024)
        for operation in operations { try encode(operation, &batch) }
        try socket.commit(batch)
    }

    private func encode(_ operation: NftablesOperation, _ batch: inout NftablesBatch) throws(NetlinkError) {
        switch operation {
        case .addTable: try batch.addTable(table)
        case .deleteTable: try batch.deleteTable(table)
        case .addChain(let chain): try batch.addChain(chain, to: table)
        case .deleteChain(let name): try batch.deleteChain(name, from: table)
        case .flushChain(let name): try batch.flushChain(name, of: table)
        case .addRule(let rule): try batch.addRule(rule, to: table)
        case .addSet(let set): try batch.addSet(set, to: table)
        case .flushSet(let set): try batch.flushSet(set.rawValue, of: table)
        case .addElements(let set, let elements):
            try batch.addElements(elements, to: set.definition(layout.family), in: table)
        case .deleteElements(let set, let elements):
            try batch.deleteElements(elements, from: set.definition(layout.family), in: table)
        }
    }

    /// What the kernel holds; nil when there is no table.
    func read(from socket: borrowing NftablesSocket) throws(NetlinkError) -> KernelTable? {
        guard let found = try socket.tables(layout.family).first(where: { $0.name == table.name }) else { return nil }
        var kernel = KernelTable()
        kernel.isForeign = found.isDormant
        for chain in try socket.chains(of: table) { kernel.chains[chain.name] = chain }
        for stored in try socket.rules(of: table) { kernel.rules[stored.rule.chain, default: []].append(stored.rule) }
        for stored in try socket.sets(of: table) {
            guard let set = stored.set else {
                kernel.isForeign = true
                continue
            }
            kernel.sets[stored.name] = set
        }
        for set in TableSet.allCases where kernel.sets[set.rawValue] != nil && !set.isLearned {
            kernel.elements[set] = try elements(of: set, from: socket)
        }
        return kernel
    }

    /// Readings of one set before one with repeated elements is taken as it is.
    private static let readingLimit = 10

    /// The elements of a set, read until none comes twice.
    ///
    /// The kernel goes on in a dump by position, and a hash table that it is still growing in the
    /// background (lib/rhashtable.c) moves elements meanwhile: some then come twice and others not at
    /// all. Seen right after 100 000 insertions on a busy machine.
    private func elements(
        of set: TableSet, from socket: borrowing NftablesSocket
    ) throws(NetlinkError) -> [NftablesElement] {
        var elements: [NftablesElement] = []
        for _ in 0..<Self.readingLimit {
            elements = try socket.elements(ofSet: set.rawValue, in: table)
            if set.isInterval || Set(elements.lazy.map(\.key)).count == elements.count { break }
        }
        return elements
    }

    /// Removes the table. False when there was none.
    func remove(on socket: borrowing NftablesSocket) throws(NetlinkError) -> Bool {
        guard try socket.tables(layout.family).contains(where: { $0.name == table.name }) else { return false }
        var batch = NftablesBatch()
        try batch.destroyTable(table)
        try socket.commit(batch)
        return true
    }
}
