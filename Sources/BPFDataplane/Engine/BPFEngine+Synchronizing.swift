internal import BPF
internal import Dataplane
internal import LinuxSystem
internal import NetworkTypes
internal import ServiceTable
internal import Synchronization

extension BPFEngine {
    /// The order of what an earlier process left.
    func order() -> AdoptedOrder {
        services.withLock { services in
            var order = AdoptedOrder()
            for family in IPFamily.allCases {
                guard let found = services.adopted?.order(family) else { continue }
                order.cluster.merge(found.cluster) { first, _ in first }
                order.local.merge(found.local) { first, _ in first }
            }
            return order
        }
    }

    func synchronize(_ table: ServiceTable, family: IPFamily) throws(DataplaneError) -> SyncReport {
        try grow(toHold: table)
        do {
            let report = try locked { services in try synchronize(table, family, &services) }
            interfaces.repair()
            return try finish(report, table)
        } catch let error as Failure {
            throw error.failure
        } catch {
            throw DataplaneError(error, doing: "write to the kernel's maps")
        }
    }

    func apply(_ change: ServiceTableChange, family: IPFamily) throws(DataplaneError) -> SyncReport {
        do {
            let report = try locked { services in
                guard services.synced.contains(family) else { return try synchronize(change.new, family, &services) }
                return try commit(services.planner.plan(change, family: family), change.new, &services)
            }
            return try finish(report, change.new)
        } catch let error as Failure {
            // The planner's state is no longer the kernel's.
            services.withLock { _ = $0.synced.remove(family) }
            guard error.isFull else { throw error.failure }
            try enlarge(toHold: change.new, doubling: true)
            return try synchronize(change.new, family: family)
        } catch {
            throw DataplaneError(error, doing: "write to the kernel's maps")
        }
    }

    private func synchronize(
        _ table: ServiceTable, _ family: IPFamily, _ services: inout Services
    ) throws -> SyncReport {
        // Both families were adopted at one moment, and each leaves what is the other's alone.
        let adopted = services.synced.contains(family) ? nil : services.adopted
        services.synced.remove(family)
        try reclaimNow(&services)
        let kernel = try adopted ?? services.maps.maps.state(detect: interfaces.detect)
        let report = try commit(services.planner.fullPlan(kernel, table: table, family: family), table, &services)
        services.synced.insert(family)
        if services.synced.count == IPFamily.allCases.count { services.adopted = nil }
        return report
    }

    private func commit(
        _ plan: BPFMapPlan, _ table: ServiceTable, _ services: inout Services
    ) throws -> SyncReport {
        var report = SyncReport()
        services.spare(plan.writes)
        try services.maps.maps.write(plan.writes, &report)
        try services.maps.maps.bar(plan.reclaimed)
        if let detect = plan.detect { try interfaces.setDetect(detect) }
        if plan.changesFrontends { try interfaces.frontendsChanged() }
        services.commit += 1
        for write in plan.reclaimed { services.reclaim.append((services.commit, write)) }
        if services.reclaim.count > Self.reclaimLimit { try reclaimNow(&services) }
        services.table = table
        return report
    }

    /// Removals that may wait for the maintenance thread; with more the dataplane's thread waits for the packets itself.
    private static let reclaimLimit = 1 << 17

    private func finish(_ report: SyncReport, _ table: ServiceTable) throws(DataplaneError) -> SyncReport {
        try dataplane("tell the kernel of the node") { try interfaces.update(table.node) }
        let isReady = services.withLock { $0.waiting != nil && $0.synced.count == IPFamily.allCases.count }
        if isReady { try attachNow() }
        wakeMaintenance()
        return report
    }

    /// Removes what no packet can be reading any more, and waits for that moment.
    private func reclaimNow(_ services: inout Services) throws {
        if services.reclaim.isEmpty { return }
        awaitKernelReaders()
        try endTraffic(ofBackends: services.goneBackends(upTo: services.commit), services.maps)
        try services.reclaim(upTo: services.commit)
    }

    /// As `reclaimNow`, and does not keep the dataplane's thread waiting meanwhile. On the maintenance thread.
    func reclaim() throws(DataplaneError) {
        let waiting = services.withLock { services in
            (commit: services.commit, gone: services.goneBackends(upTo: services.commit), maps: services.maps,
                isEmpty: services.reclaim.isEmpty)
        }
        if waiting.isEmpty { return }
        let commit = waiting.commit
        awaitKernelReaders()
        try dataplane("end what backends had that are gone") {
            try endTraffic(ofBackends: waiting.gone, waiting.maps)
        }
        do throws(Failure) {
            try locked { try $0.reclaim(upTo: commit) }
        } catch {
            throw error.failure
        }
    }

    /// What went wrong, and whether a map was full.
    struct Failure: Error {
        let failure: DataplaneError
        let isFull: Bool
    }

    func locked<T: Sendable>(_ body: (inout Services) throws -> T) throws(Failure) -> T {
        let result: Result<T, Failure> = services.withLock { services in
            do {
                return .success(try body(&services))
            } catch {
                let isFull = (error as? BPFError)?.code == .full
                let failure = DataplaneError(error, doing: "write to the kernel's maps")
                return .failure(Failure(failure: failure, isFull: isFull))
            }
        }
        return try result.get()
    }
}

extension BPFEngine.Services {
    /// What is made again is not to be removed.
    mutating func spare(_ writes: [BPFMapWrite]) {
        if reclaim.isEmpty { return }
        let made = Set(writes.map(\.key))
        reclaim.removeAll { made.contains($0.write.key) }
    }

    /// Backends that are to be removed. Their numbers are not given to others soon (`IDNumbers`).
    func goneBackends(upTo commit: UInt64) -> [UInt32] {
        reclaim.compactMap { waiting in
            guard waiting.commit <= commit, case .remove(.backend(let id)) = waiting.write else { return nil }
            return id
        }
    }

    mutating func reclaim(upTo commit: UInt64) throws(BPFError) {
        var report = SyncReport()
        try maps.maps.write(reclaim.filter { $0.commit <= commit }.map(\.write), &report)
        reclaim.removeAll { $0.commit <= commit }
    }
}
