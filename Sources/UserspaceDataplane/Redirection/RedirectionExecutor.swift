internal import Netlink

/// Reads and writes one family's table. Knows no Services.
struct RedirectionExecutor {
    let layout: RedirectionLayout

    /// Nil when there is no table. What somebody changes meanwhile is found by the next full synchronisation.
    func read(_ socket: borrowing NftablesSocket) throws(NetlinkError) -> RedirectionKernel? {
        let table = layout.table
        guard let found = try socket.tables(layout.family).first(where: { $0.name == table.name }) else { return nil }
        var kernel = RedirectionKernel()
        kernel.isForeign = found.isDormant || found.comment != table.comment
        for chain in try socket.chains(of: table) { kernel.chains[chain.name] = chain }
        for stored in try socket.rules(of: table) { kernel.rules[stored.rule.chain, default: []].append(stored.rule) }
        for stored in try socket.sets(of: table) {
            guard let set = stored.set, let known = RedirectionSet(rawValue: stored.name) else {
                kernel.isForeign = true
                continue
            }
            kernel.sets[stored.name] = set
            kernel.take(try socket.elements(ofSet: stored.name, in: table), of: known)
        }
        return kernel
    }

    /// One transaction, however large: what is in between two would be a Service without its source ranges. 100 000
    /// frontends are some 10 MiB, once.
    func commit(_ plan: RedirectionPlan, _ socket: borrowing NftablesSocket) throws(NetlinkError) {
        guard !plan.isEmpty else { return }
        try socket.commit(try batch(plan))
    }

    /// Has the kernel look at a table with these rules and without elements; nothing is changed.
    func rehearse(_ rules: [NftablesRule], _ socket: borrowing NftablesSocket) throws(NetlinkError) {
        var plan = RedirectionPlan()
        plan.replacesTable = true
        plan.chains = Dictionary(grouping: rules, by: \.chain)
        try socket.check(try batch(plan))
    }

    private func batch(_ plan: RedirectionPlan) throws(NetlinkError) -> NftablesBatch {
        let table = layout.table
        var batch = NftablesBatch()
        if plan.replacesTable {
            try batch.destroyTable(table)
            try batch.addTable(table)
            for set in layout.sets { try batch.addSet(set, to: table) }
            for chain in layout.chains { try batch.addChain(chain, to: table) }
        }
        for chain in layout.chains {
            guard let rules = plan.chains[chain.name] else { continue }
            if !plan.replacesTable { try batch.flushChain(chain.name, of: table) }
            for rule in rules { try batch.addRule(rule, to: table) }
        }
        for set in RedirectionSet.allCases { try encode(plan, set, &batch) }
        return batch
    }

    private func encode(
        _ plan: RedirectionPlan, _ set: RedirectionSet, _ batch: inout NftablesBatch
    ) throws(NetlinkError) {
        let definition = set.definition(layout.family)
        if let ranges = plan.ranges[set] {
            if !plan.replacesTable { try batch.flushSet(set.rawValue, of: layout.table) }
            try batch.addElements(ranges, to: definition, in: layout.table)
        }
        try batch.deleteElements(plan.deletions[set] ?? [], from: definition, in: layout.table)
        try batch.addElements(plan.additions[set] ?? [], to: definition, in: layout.table)
    }

    /// Removes the table. False when there was none.
    static func remove(_ family: NftablesFamily, _ socket: borrowing NftablesSocket) throws(NetlinkError) -> Bool {
        let table = NftablesTable(family: family, name: RedirectionLayout.tableName)
        guard try socket.tables(family).contains(where: { $0.name == table.name }) else { return false }
        var batch = NftablesBatch()
        try batch.destroyTable(table)
        try socket.commit(batch)
        return true
    }

    /// Empties the sets that new connections are looked up in, as far as they are there. False when there is no table.
    static func retire(_ family: NftablesFamily, _ socket: borrowing NftablesSocket) throws(NetlinkError) -> Bool {
        let table = NftablesTable(family: family, name: RedirectionLayout.tableName)
        guard try socket.tables(family).contains(where: { $0.name == table.name }) else { return false }
        let there = Set(try socket.sets(of: table).map(\.name))
        var batch = NftablesBatch()
        for set in RedirectionSet.allCases where set != .podPrefixes && there.contains(set.rawValue) {
            try batch.flushSet(set.rawValue, of: table)
        }
        try socket.commit(batch)
        return true
    }
}
