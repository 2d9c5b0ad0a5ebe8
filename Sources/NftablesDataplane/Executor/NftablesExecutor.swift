internal import Netlink

/// Sends planned operations to one family's table, and reads it back. Knows no Services.
struct NftablesExecutor {
    let layout: TableLayout

    init(family: NftablesFamily) { layout = TableLayout(family: family) }

    var table: NftablesTable { layout.table }

    /// Does the operations as one transaction: all or none.
    func commit(_ operations: [NftablesOperation], on socket: borrowing NftablesSocket) throws(NetlinkError) {
        let elements = operations.reduce(0) { $0 + $1.elementCount }
        var batch = NftablesBatch(capacity: Self.messageBytes + elements * Self.elementBytes)
        for operation in operations { try encode(operation, &batch) }
        try socket.commit(batch)
    }

    /// Room for the messages of a change beside elements, and for one element: an estimate, so that the
    /// buffer seldom grows, and little memory is touched for a small change.
    private static let messageBytes = 16 * 1024
    private static let elementBytes = 96

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

    /// Removes the table. False when there was none.
    func remove(on socket: borrowing NftablesSocket) throws(NetlinkError) -> Bool {
        guard try socket.tables(layout.family).contains(where: { $0.name == table.name }) else { return false }
        var batch = NftablesBatch()
        try batch.destroyTable(table)
        try socket.commit(batch)
        return true
    }
}
