internal import BPF
internal import CBPFMaps
internal import Dataplane
internal import Synchronization

extension BPFEngine {
    /// Runs the maintenance program, which keeps one sweep's notes at a time.
    func run(_ sweep: inout fw_sweep) throws(BPFError) {
        let asked = sweep
        let result: Result<fw_sweep, BPFError> = maintenanceProgram.withLock { shared in
            Result { () throws(BPFError) in
                var sweep = asked
                _ = try shared.program.run(context: &sweep)
                return sweep
            }
        }
        sweep = try result.get()
    }

    /// Closes the sockets that these backends still have, where they are to be closed, and forgets all their connections,
    /// so that their counts can go. O(connections) for each backend that has any.
    func endTraffic(ofBackends ids: [UInt32], _ maps: SharedServiceMaps) throws(BPFError) {
        var busy: [UInt32] = []
        for id in ids where try maps.maps.loads.lookup(id)?.connections ?? 0 > 0 { busy.append(id) }
        if busy.isEmpty { return }
        GoneSockets(self).close(of: Set(busy))
        for id in busy {
            var sweep = fw_sweep()
            sweep.gone_backend = id
            try run(&sweep)
        }
    }

    /// Ends every connection that packets made.
    func forgetConnections() throws(BPFError) {
        var sweep = fw_sweep()
        sweep.older_than = .max
        try run(&sweep)
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
