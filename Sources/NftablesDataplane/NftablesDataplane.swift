package import Dataplane
internal import Netlink
package import NetworkTypes
package import ServiceTable

/// Services in the kernel's nf_tables: one table `fairway` in each family, nothing else touched.
///
/// Calls block; one thread makes them, in the network namespace the value was made in.
package struct NftablesDataplane: Dataplane, ~Copyable {
    package static let modeName = "nftables"

    /// A transaction's messages are built in memory and sent as one buffer, and the kernel holds its lock
    /// for the whole of it. 1 MiB is about 10 000 elements. Larger ones cost more: fresh memory is dear
    /// (a quarter of a first sync went into clearing pages when the limit was 8 MiB).
    package static let transactionLimitBytes = 1 << 20

    private struct Family {
        let family: NftablesFamily
        var planner: NftablesPlanner?
        /// What `adoptOrder` read, good for the first synchronisation if nothing was changed since.
        var adopted: (kernel: KernelTable?, generation: UInt32)?

        init(_ family: NftablesFamily) { self.family = family }
    }

    private let socket: NftablesSocket
    private var families: [IPFamily: Family]
    private let limitBytes: Int
    private let watch: TableWatch?
    private let affinitySeed: UInt32?

    /// - Parameters:
    ///   - watch: is told of commits as they begin and end.
    ///   - affinitySeed: where the ids of remembered endpoints begin (`AffinityTable`); nil: somewhere
    ///     else with each full synchronisation.
    /// - Throws: `.permission` without CAP_NET_ADMIN, `.unsupported` when the kernel has no nf_tables.
    package init(
        transactionLimitBytes: Int = NftablesDataplane.transactionLimitBytes, watch: TableWatch? = nil,
        affinitySeed: UInt32? = nil
    ) throws(DataplaneError) {
        self.affinitySeed = affinitySeed
        limitBytes = transactionLimitBytes
        self.watch = watch
        families = Dictionary(uniqueKeysWithValues: IPFamily.allCases.map { ($0, Family(NftablesFamily($0))) })
        socket = try Self.open()
    }

    private static func open() throws(DataplaneError) -> NftablesSocket {
        do throws(NetlinkError) {
            let socket = try NftablesSocket()
            _ = try socket.generation()
            return socket
        } catch {
            throw DataplaneError(error, doing: "open the kernel's nf_tables")
        }
    }

    /// The port id that notifications of this dataplane's commits carry.
    package var portID: UInt32 { socket.portID }

    package mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder {
        var order = AdoptedOrder()
        for family in IPFamily.allCases {
            let (kernel, generation) = try read(NftablesExecutor(family: NftablesFamily(family)))
            families[family]?.adopted = (kernel, generation)
            if let found = kernel?.order(family) {
                order.cluster.merge(found.cluster) { first, _ in first }
                order.local.merge(found.local) { first, _ in first }
            }
        }
        return order
    }

    /// The table, and the generation before it was read.
    ///
    /// - Throws: `.newerVersion` for a table that this version must not touch.
    private func read(
        _ executor: NftablesExecutor
    ) throws(DataplaneError) -> (kernel: KernelTable?, generation: UInt32) {
        let name = "table \(executor.layout.family.text) \(TableLayout.tableName)"
        let reading: NftablesExecutor.Reading
        let generation: UInt32
        do throws(NetlinkError) {
            generation = try socket.generation()
            reading = try executor.reading(from: socket)
        } catch {
            throw DataplaneError(error, doing: "read \(name)")
        }
        switch reading {
        case .none: return (nil, generation)
        case .table(let kernel): return (kernel, generation)
        case .newer(let schema):
            throw DataplaneError(
                .newerVersion, doing: "read \(name)",
                cause: "\(name) was written by a newer Fairway (schema \(schema), this one knows "
                    + "\(TableSchema.current)); run that version, or `fairway cleanup` first")
        }
    }

    /// What `adoptOrder` read, when nothing was committed by anybody since.
    private mutating func takeAdopted(_ family: IPFamily) -> KernelTable?? {
        defer { families[family]?.adopted = nil }
        guard let adopted = families[family]?.adopted, let generation = try? socket.generation(),
            adopted.generation == generation
        else { return nil }
        return .some(adopted.kernel)
    }

    package mutating func synchronize(
        _ table: ServiceTable, family: IPFamily
    ) throws(DataplaneError) -> SyncReport {
        let nftables = NftablesFamily(family)
        let executor = NftablesExecutor(family: nftables)
        families[family]?.planner = nil
        let kernel = if let adopted = takeAdopted(family) { adopted } else { try read(executor).kernel }
        var (plan, planner) = NftablesPlanner.fullPlan(
            family: nftables, kernel: kernel, table: table, affinitySeed: affinitySeed ?? .random(in: 1...(.max)))
        do throws(NetlinkError) {
            let report = try commit(plan, &planner, at: table, executor)
            families[family]?.planner = planner
            return report
        } catch {
            throw DataplaneError(error, doing: "synchronise table \(nftables.text) \(TableLayout.tableName)")
        }
    }

    package mutating func apply(
        _ change: ServiceTableChange, family: IPFamily
    ) throws(DataplaneError) -> SyncReport {
        guard var planner = families[family]?.planner else { return try synchronize(change.new, family: family) }
        // Until the commit stands nothing is known: a failure leaves no planner behind.
        families[family]?.planner = nil
        let nftables = NftablesFamily(family)
        let plan = planner.plan(change)
        do throws(NetlinkError) {
            let report = try commit(plan, &planner, at: change.new, NftablesExecutor(family: nftables))
            families[family]?.planner = planner
            return report
        } catch {
            throw DataplaneError(error, doing: "change table \(nftables.text) \(TableLayout.tableName)")
        }
    }

    /// The plan, and after it, in a transaction of its own, the removal of the chains it left without use.
    private func commit(
        _ plan: NftablesPlan, _ planner: inout NftablesPlanner, at table: ServiceTable, _ executor: NftablesExecutor
    ) throws(NetlinkError) -> SyncReport {
        var report = try commit(plan, executor)
        report.add(try commit(planner.plan(ServiceTableChange(old: table, new: table, changed: [])), executor))
        return report
    }

    private func commit(_ plan: NftablesPlan, _ executor: NftablesExecutor) throws(NetlinkError) -> SyncReport {
        var report = SyncReport()
        // A table that is replaced is never seen half: one transaction, however large.
        try plan.forEachTransaction(limitBytes: plan.replacesTable ? .max : limitBytes) {
            (transaction, afterPackets) throws(NetlinkError) in
            if afterPackets { NftablesSocket.awaitPackets() }
            try commit(transaction, executor)
            report.transactions += 1
            for operation in transaction { report.count(operation) }
        }
        return report
    }

    /// One transaction, the watch told of it before and after.
    private func commit(
        _ transaction: [NftablesOperation], _ executor: NftablesExecutor
    ) throws(NetlinkError) {
        guard let watch else { return try executor.commit(transaction, on: socket) }
        watch.commitBegins(at: try socket.generation())
        do throws(NetlinkError) {
            try executor.commit(transaction, on: socket)
        } catch {
            watch.commitEnded(at: nil)
            throw error
        }
        watch.commitEnded(at: try? socket.generation())
    }

    package mutating func cleanup() throws(DataplaneError) -> [String] {
        var removed: [String] = []
        for family in NftablesFamily.allCases {
            do throws(NetlinkError) {
                if try NftablesExecutor(family: family).remove(on: socket) {
                    removed.append("table \(family.text) \(TableLayout.tableName)")
                }
            } catch {
                throw DataplaneError(error, doing: "remove table \(family.text) \(TableLayout.tableName)")
            }
            families[family.ipFamily]?.planner = nil
        }
        return removed
    }

    /// Chains and rules the kernel holds in both tables together.
    package func kernelCounts() throws(DataplaneError) -> (chains: Int, rules: Int) {
        do throws(NetlinkError) {
            var counts = (chains: 0, rules: 0)
            for family in NftablesFamily.allCases {
                let table = TableLayout(family: family).table
                counts.chains += try socket.chains(of: table).count
                counts.rules += try socket.rules(of: table).count
            }
            return counts
        } catch {
            throw DataplaneError(error, doing: "count chains and rules")
        }
    }
}
