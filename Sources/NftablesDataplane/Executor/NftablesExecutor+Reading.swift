internal import Netlink

extension NftablesExecutor {
    /// What the kernel holds of the table.
    enum Reading {
        case none
        case table(KernelTable)
        /// A newer version of Fairway wrote it; what it holds was not read.
        case newer(schema: Int)
    }

    /// Readings before the table counts as one that never stands still.
    private static let readingLimit = 10

    /// What the kernel holds; nil when there is no table, or one of a newer schema.
    func read(from socket: borrowing NftablesSocket) throws(NetlinkError) -> KernelTable? {
        if case .table(let kernel) = try reading(from: socket) { return kernel }
        return nil
    }

    /// Reads the table, again for as long as somebody changes it meanwhile. What others do to their own
    /// tables disturbs nothing.
    func reading(from socket: borrowing NftablesSocket) throws(NetlinkError) -> Reading {
        for _ in 0..<Self.readingLimit {
            var changes = try ChangeGuard(table, on: socket)
            do throws(NetlinkError) {
                let reading = try readOnce(from: socket)
                if try changes.saysUntouched(socket) { return reading }
            } catch {
                // It was deleted while it was read.
                guard error.code == .notFound else { throw error }
            }
        }
        throw NetlinkError(.busy, doing: "it changed in each of \(Self.readingLimit) readings")
    }

    private func readOnce(from socket: borrowing NftablesSocket) throws(NetlinkError) -> Reading {
        guard let found = try socket.tables(layout.family).first(where: { $0.name == table.name }) else { return .none }
        let schema = TableSchema.version(in: found.comment)
        if let schema, schema > TableSchema.current { return .newer(schema: schema) }
        var kernel = KernelTable()
        kernel.isForeign = found.isDormant || schema != TableSchema.current
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
        return .table(kernel)
    }

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
            elements = try socket.elements(ofSet: set.rawValue, in: table, takesInterrupted: true)
            if set.isInterval || Set(elements.lazy.map(\.key)).count == elements.count { break }
        }
        return elements
    }
}

/// Tells whether anybody changed a table while it was read.
private struct ChangeGuard: ~Copyable {
    private let table: NftablesTable
    private var monitor: NftablesMonitor
    private let generation: UInt32

    /// To be made before the reading.
    init(_ table: NftablesTable, on socket: borrowing NftablesSocket) throws(NetlinkError) {
        let monitor = try NftablesMonitor()
        generation = try socket.generation()
        self.table = table
        self.monitor = monitor
    }

    /// Nothing was changed in the table since; false also when that cannot be told.
    mutating func saysUntouched(_ socket: borrowing NftablesSocket) throws(NetlinkError) -> Bool {
        if try socket.generation() == generation { return true }
        try socket.awaitCommits()
        while let events = try monitor.queued() {
            for event in events {
                switch event {
                case .overflow: return false
                case .changed(_, _, let family, let name, _, _):
                    if family == table.family.rawValue && name == table.name { return false }
                case .generation: break
                }
            }
        }
        return true
    }
}
