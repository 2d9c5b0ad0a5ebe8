internal import Netlink

extension LocalTable {
    /// What the two sets hold.
    struct Contents: Equatable {
        var questions: Set<LocalFrontend> = []
        var answers: Set<LocalFrontend> = []

        var isEmpty: Bool { questions.isEmpty && answers.isEmpty }
    }

    /// Nil when there is no such table, or none that this version can go on with.
    func contents(_ socket: borrowing NftablesSocket) throws(NetlinkError) -> Contents? {
        guard try exists(socket) else { return nil }
        let found = try Set(socket.sets(of: table).compactMap(\.set))
        guard found == [questions, answers] else { return nil }
        var contents = Contents()
        contents.questions = try frontends(of: SetName.questions, socket)
        contents.answers = try frontends(of: SetName.answers, socket)
        return contents
    }

    func exists(_ socket: borrowing NftablesSocket) throws(NetlinkError) -> Bool {
        try socket.tables(family).contains { $0.name == Self.name }
    }

    private func frontends(
        of set: String, _ socket: borrowing NftablesSocket
    ) throws(NetlinkError) -> Set<LocalFrontend> {
        try Set(socket.elements(ofSet: set, in: table).compactMap { frontend($0) })
    }

    /// Brings the table to `wanted`, in one transaction that only takes place at this generation of the
    /// ruleset.
    ///
    /// Its rules are written each time. That puts right what somebody changed, and it makes every such
    /// transaction raise the generation, which adding elements that are there would not: whoever decided
    /// before it by what he read is refused.
    ///
    /// - Parameter present: what `contents` gave. Nil makes the table anew.
    /// - Throws: `.generationChanged` when anybody committed anything since.
    func write(
        _ wanted: Contents, over present: Contents?, generation: UInt32, _ socket: borrowing NftablesSocket
    ) throws(NetlinkError) {
        var batch = NftablesBatch(generation: generation)
        if present == nil { try batch.destroyTable(table) }
        try batch.addTable(table)
        for set in [questions, answers] { try batch.addSet(set, to: table) }
        for chain in chains {
            try batch.addChain(chain, to: table)
            try batch.flushChain(chain.name, of: table)
        }
        for rule in rules { try batch.addRule(rule, to: table) }
        for (set, wanted, present) in [
            (questions, wanted.questions, present?.questions ?? []), (answers, wanted.answers, present?.answers ?? []),
        ] {
            try batch.deleteElements(present.subtracting(wanted).map(Self.element), from: set, in: table)
            try batch.addElements(wanted.subtracting(present).map(Self.element), to: set, in: table)
        }
        try socket.commit(batch)
    }

    /// Removes the table, if nobody committed anything since `generation`.
    func remove(generation: UInt32?, _ socket: borrowing NftablesSocket) throws(NetlinkError) {
        var batch = NftablesBatch(generation: generation)
        try batch.deleteTable(table)
        try socket.commit(batch)
    }
}
