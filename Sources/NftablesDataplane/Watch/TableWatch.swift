package import Dataplane
package import Netlink
internal import Synchronization

/// Watches Fairway's tables in the kernel for changes of others, and says when to compare.
///
/// Notifications of the dataplane's own commits are dropped by the kernel before they are queued, so
/// that no synchronisation, however large, hides what somebody else does meanwhile.
package final class TableWatch: Sendable {
    private let detector = Mutex<ForeignChangeDetector?>(nil)
    package let tableName: String
    private let stop: NetlinkStop
    private let hidesOwn: Bool
    private let queueBytes: Int
    private let now: @Sendable () -> Duration
    private let demand: @Sendable (ForeignChangeDetector.Demand) -> Void

    /// - Parameters:
    ///   - tableName: of the tables that are watched, one in each family.
    ///   - stop: ends `run`.
    ///   - hidesOwn: false to be sent the notifications of own commits too, which changes no decision.
    ///   - queueBytes: of notifications not yet read; beyond it some are lost, which is noticed.
    ///   - now: the time that demands are counted in.
    ///   - demand: called on the thread of `run`, or on that which commits.
    package init(
        tableName: String = TableLayout.tableName, stop: NetlinkStop, hidesOwn: Bool = true, queueBytes: Int = NetlinkLimits.monitorQueueBytes,
        now: @escaping @Sendable () -> Duration = MonotonicTime.now,
        demand: @escaping @Sendable (ForeignChangeDetector.Demand) -> Void
    ) {
        self.tableName = tableName
        self.stop = stop
        self.hidesOwn = hidesOwn
        self.queueBytes = queueBytes
        self.now = now
        self.demand = demand
    }

    /// Watches until stopped, in the network namespace of the calling thread. Blocks.
    ///
    /// - Parameters:
    ///   - ownPortID: of the dataplane whose commits are not foreign.
    ///   - whenWatching: called once nothing can happen unseen any more: the first reading of the
    ///     table comes after it.
    package func run(ownPortID: UInt32, whenWatching: () -> Void) throws(DataplaneError) {
        defer { detector.withLock { $0 = nil } }
        do throws(NetlinkError) {
            var monitor = try NftablesMonitor(
                stop: stop, ignoredPortID: hidesOwn ? ownPortID : nil, receiveQueueBytes: queueBytes)
            let socket = try NftablesSocket()
            let generation = try socket.generation()
            detector.withLock {
                $0 = ForeignChangeDetector(ownPortID: ownPortID, generation: generation, tableName: tableName)
            }
            whenWatching()
            while let events = try monitor.next() {
                for event in events { tell(event, socket) }
            }
        } catch {
            throw DataplaneError(error, doing: "watch the tables \(tableName)")
        }
    }

    private func tell(_ event: NftablesEvent, _ socket: borrowing NftablesSocket) {
        // Read before the lock is taken: a commit may end meanwhile.
        let generation = event == .overflow ? try? socket.generation() : nil
        let time = now()
        pass(
            detector.withLock { detector in
                if let generation { return detector?.lost(generation: generation, now: time) }
                return detector?.told(event, now: time)
            })
    }

    /// A commit over the socket of `ownPortID` begins, at this generation of the kernel's tables.
    package func commitBegins(at generation: UInt32) { detector.withLock { $0?.commitBegins(at: generation) } }

    /// It ended, and the generation is this one; nil when it was refused, or that could not be read.
    package func commitEnded(at generation: UInt32?) {
        let time = now()
        pass(detector.withLock { $0?.commitEnded(at: generation, now: time) })
    }

    private func pass(_ demands: [ForeignChangeDetector.Demand]?) {
        for demand in demands ?? [] { self.demand(demand) }
    }
}
