package import Netlink
internal import NetworkTypes
package import ServiceTable

/// Carries sweeps out: reads what the kernel finds for each, and deletes what is stale.
///
/// A stale entry is deleted by its tuple and id; the kernel's own filtered delete (Linux 6.8) is not
/// used: it tells no number, and could not spare a flow that began while it was decided.
///
/// TCP, when it is closed: deleting an entry is not a reset. What happens then (seen in a namespace, and
/// tested): the client's next segment finds no entry, is tracked as a new connection in spite of not
/// being a SYN (nf_conntrack_tcp_loose, on by default), and translated to an endpoint that knows nothing
/// of it; that answers RST, which comes back as from the Service, and the client sees ECONNRESET. The
/// same happens to what a pod that still lives sends: it reaches the client from the pod's own address,
/// and the client answers RST. A client that sends nothing notices nothing; where a Service has no
/// endpoint left, the refusal by ICMP is no more than a hint to an established connection, and the
/// client waits for its own timeout. A connection one of whose ends is a process of this network
/// namespace is closed at once: SOCK_DESTROY.
package struct FlowSweeper: ~Copyable {
    /// What one run did.
    package struct Report: Sendable, Hashable {
        /// Entries deleted.
        package var deleted = 0
        /// Entries the kernel handed out.
        package var examined = 0
        /// Questions put to the kernel.
        package var dumps = 0
        /// Sockets of this network namespace that were closed.
        package var socketsClosed = 0

        package init() {}
    }

    /// The tables flows are judged by at this moment.
    package struct Tables: Sendable {
        /// Grows with every change of `tables`.
        package let generation: UInt64
        package let tables: [ServiceTable]

        package init(generation: UInt64, tables: [ServiceTable]) {
            self.generation = generation
            self.tables = tables
        }
    }

    /// Questions that are put one by one for one protocol; what needs more shares one.
    ///
    /// Measured with 200 000 entries (`make bench-conntrack`): a question that finds little takes 85 ms,
    /// a walk through the whole table, and one that hands out every entry 750 ms. Eight take as long as one
    /// for all.
    package static let defaultQuestionLimit = 8
    /// Stale entries that are held before they are deleted.
    private static let entriesHeld = 4096

    private let reader: ConntrackSocket
    private let deleter: ConntrackSocket
    private let sockets: SocketDestroy?
    private let questionLimit: Int
    private let closesTCP: Bool
    /// Kernels that do not filter hand out everything for every question: then one is enough.
    private let filtersByTuple: Bool

    /// For the network namespace of the calling thread.
    package init(
        closesTCP: Bool, questionLimit: Int = FlowSweeper.defaultQuestionLimit
    ) throws(NetlinkError) {
        let reader = try ConntrackSocket()
        let deleter = try ConntrackSocket()
        let filtersByTuple = try reader.filtersByTuple()
        let sockets: SocketDestroy? = closesTCP ? try SocketDestroy() : nil
        self.reader = reader
        self.deleter = deleter
        self.sockets = sockets
        self.filtersByTuple = filtersByTuple
        self.questionLimit = questionLimit
        self.closesTCP = closesTCP
    }

    /// Blocks until every stale flow of the sweeps is gone.
    ///
    /// - Parameter current: asked before the reading and before each deletion: an entry that the tables
    ///   of that moment make good is spared.
    package func run(_ sweeps: [Sweep], current: () -> Tables) throws(NetlinkError) -> Report {
        var report = Report()
        let tables = current()
        let plan = SweepPlan(sweeps, tables: tables.tables, closesTCP: closesTCP)
        for filter in plan.filters(limit: filtersByTuple ? questionLimit : 0) {
            report.dumps += 1
            var stale: [ConntrackEntry] = []
            var failure: NetlinkError?
            try reader.forEachEntry(matching: filter) { entry in
                report.examined += 1
                guard plan.isStale(entry), failure == nil else { return }
                stale.append(entry)
                guard stale.count == FlowSweeper.entriesHeld else { return }
                do throws(NetlinkError) {
                    try delete(&stale, sweeps, tables, current, &report)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            try delete(&stale, sweeps, tables, current, &report)
        }
        return report
    }

    private func delete(
        _ stale: inout [ConntrackEntry], _ sweeps: [Sweep], _ tables: Tables, _ current: () -> Tables,
        _ report: inout Report
    ) throws(NetlinkError) {
        guard !stale.isEmpty else { return }
        let latest = current()
        if latest.generation != tables.generation {
            let plan = SweepPlan(sweeps, tables: latest.tables, closesTCP: closesTCP)
            stale.removeAll { !plan.isStale($0) }
        }
        switch sockets {
        case .some(let sockets):
            for entry in stale where entry.protocol == .tcp && entry.status.contains(.seenReply) {
                // Before its entry goes, so that the RST still reaches the other end. Either end may be here.
                for end in [entry.original, entry.reply] where try sockets.destroyConnection(end) {
                    report.socketsClosed += 1
                }
            }
        case .none: break
        }
        report.deleted += try deleter.delete(stale)
        stale.removeAll(keepingCapacity: true)
    }
}
