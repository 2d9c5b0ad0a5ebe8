internal import BPF
internal import CBPFMaps
internal import Dataplane
internal import LinuxSystem
internal import ServiceTable
internal import Synchronization

extension BPFEngine {
    /// Makes the maps of Services anew when they have no room for a table.
    func grow(toHold table: ServiceTable) throws(DataplaneError) {
        let sizes = MapSizes(table)
        let fits = services.withLock { services in
            BPFMapName.allCases.allSatisfy { sizes.fits($0, in: services.maps.maps.maxEntries($0)) }
        }
        if !fits { try enlarge(toHold: table) }
    }

    /// Loads the programs once more, over larger maps of Services that hold what the old ones do, and puts them in
    /// place of those at work: packets see the old maps or the new ones. Connections, sockets and affinity stay where
    /// they are; counters of packets and bytes begin anew.
    ///
    /// - Parameter doubling: give every map at least twice the room it has.
    func enlarge(toHold table: ServiceTable, doubling: Bool = false) throws(DataplaneError) {
        let sizes = MapSizes(table)
        try dataplane("make the kernel's maps larger") {
            try services.withLock { services in
                Result { try enlarge(&services, sizes, doubling) }
            }.get()
        }
    }

    /// Adds what the old programs counted after the copy to what the new ones count already.
    private func settleLoads(of old: SharedServiceMaps, copied: [UInt32: UInt64]) throws {
        awaitKernelReaders()
        for (id, change) in try old.maps.loadChanges(since: copied) {
            var sweep = fw_sweep()
            (sweep.backend, sweep.change) = (id, change)
            try run(&sweep)
        }
    }

    private func enlarge(_ services: inout Services, _ sizes: MapSizes, _ doubling: Bool) throws {
        let old = services.maps
        var limits: [String: Int] = [:]
        for map in BPFMapName.allCases {
            let before = old.maps.maxEntries(map)
            limits[map.rawValue] = min(max(sizes.maxEntries(map), doubling ? before * 2 : before), MapSizes.limit)
        }
        let open = services.open
        let loaded = try LoadedPrograms.load(limits: limits) { name throws(BPFError) in
            BPFMapName(rawValue: name) == nil ? try open.handle(name) : nil
        }
        let new = try SharedServiceMaps(loaded.maps)
        let copied = try new.maps.copy(from: old.maps)
        if services.waiting == nil { try attach(loaded.programs) } else { services.waiting = loaded.programs }
        maintenanceProgram.withLock { $0 = loaded.programs.maintenance }
        try settleLoads(of: old, copied: copied)
        services.maps = new
        services.open = loaded.maps
        try PinnedMaps(folder: options.pinPath).pin(loaded.maps)
        notify(.info("maps made larger: \(limits[BPFMapName.backends.rawValue] ?? 0) backends have room"))
    }
}
