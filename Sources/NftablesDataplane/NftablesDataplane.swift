package import Dataplane
internal import Netlink
package import NetworkTypes
package import ServiceTable

/// Services in the kernel's nf_tables: one table `fairway` in each family, nothing else touched.
///
/// Calls block; one thread makes them, in the network namespace the value was made in.
package struct NftablesDataplane: Dataplane, ~Copyable {
    package static let modeName = "nftables"

    /// A transaction's messages are built in memory and sent as one buffer; the kernel holds rtnl-like
    /// locks for the whole of it. 8 MiB is about 80 000 elements: 0.15 s of work.
    package static let transactionLimitBytes = 8 << 20

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

    /// - Throws: `.permission` without CAP_NET_ADMIN, `.unsupported` when the kernel has no nf_tables.
    package init(transactionLimitBytes: Int = NftablesDataplane.transactionLimitBytes) throws(DataplaneError) {
        limitBytes = transactionLimitBytes
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

    package mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder {
        var order = AdoptedOrder()
        for family in IPFamily.allCases {
            do throws(NetlinkError) {
                let generation = try socket.generation()
                let kernel = try NftablesExecutor(family: NftablesFamily(family)).read(from: socket)
                families[family]?.adopted = (kernel, generation)
                if let found = kernel?.order(family) {
                    order.cluster.merge(found.cluster) { first, _ in first }
                    order.local.merge(found.local) { first, _ in first }
                }
            } catch {
                throw DataplaneError(error, doing: "read table \(NftablesFamily(family).text) \(TableLayout.tableName)")
            }
        }
        return order
    }

    package mutating func synchronize(
        _ table: ServiceTable, family: IPFamily
    ) throws(DataplaneError) -> SyncReport {
        let nftables = NftablesFamily(family)
        let executor = NftablesExecutor(family: nftables)
        families[family]?.planner = nil
        do throws(NetlinkError) {
            let kernel: KernelTable?
            if let adopted = families[family]?.adopted, adopted.generation == (try socket.generation()) {
                kernel = adopted.kernel
            } else {
                kernel = try executor.read(from: socket)
            }
            families[family]?.adopted = nil
            let full = NftablesPlanner.fullPlan(family: nftables, kernel: kernel, table: table)
            let report = try commit(full.plan, executor)
            families[family]?.planner = full.planner
            return report
        } catch {
            families[family]?.adopted = nil
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
            let report = try commit(plan, NftablesExecutor(family: nftables))
            families[family]?.planner = planner
            return report
        } catch {
            throw DataplaneError(error, doing: "change table \(nftables.text) \(TableLayout.tableName)")
        }
    }

    private func commit(_ plan: NftablesPlan, _ executor: NftablesExecutor) throws(NetlinkError) -> SyncReport {
        var report = SyncReport()
        for transaction in plan.transactions(limitBytes: limitBytes) {
            try executor.commit(transaction, on: socket)
            report.transactions += 1
            for operation in transaction { report.count(operation) }
        }
        return report
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

extension SyncReport {
    fileprivate mutating func count(_ operation: NftablesOperation) {
        switch operation {
        case .addElements(_, let elements): elementsAdded += elements.count
        case .deleteElements(_, let elements): elementsDeleted += elements.count
        case .addChain, .addRule: rulesWritten += 1
        default: break
        }
    }
}

extension DataplaneError {
    fileprivate init(_ error: NetlinkError, doing: String) {
        let code: Code =
            switch error.code {
            case .permission: .permission
            case .unsupported: .unsupported
            default: .refused
            }
        self.init(code, doing: doing, cause: error.description)
    }
}
