internal import BPF
internal import CBPFMaps
internal import Dataplane
internal import Synchronization

extension BPFEngine {
    /// Runs the maintenance program. One thread does.
    func run(_ sweep: inout fw_sweep) throws(BPFError) {
        _ = try maintenanceProgram.withLock { $0 }.program.run(context: &sweep)
    }

    /// Gives draining backends up.
    func retire(_ ids: [UInt32]) throws(DataplaneError) {
        do throws(Failure) {
            try locked { services in
                let plan = services.planner.retire(backends: ids)
                services.spare(plan.writes)
                var report = SyncReport()
                try services.maps.maps.write(plan.writes, &report)
                services.commit += 1
                for write in plan.reclaimed { services.reclaim.append((services.commit, write)) }
            }
        } catch {
            throw error.failure
        }
    }
}
