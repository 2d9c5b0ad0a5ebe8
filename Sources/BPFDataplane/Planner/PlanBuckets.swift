/// Writes of one plan, by when they are made.
struct PlanBuckets {
    var plan = BPFMapPlan()

    // What nobody looks at yet.
    var backends: [BPFMapWrite] = []
    var loads: [BPFMapWrite] = []
    var cursors: [BPFMapWrite] = []
    var siblings: [BPFMapWrite] = []
    var sources: [BPFMapWrite] = []
    var slots: [BPFMapWrite] = []
    // What leads there.
    var sets: [BPFMapWrite] = []
    var frontends: [BPFMapWrite] = []
    /// After the frontends: a ClusterIP refuses the ports that have none.
    var addresses: [BPFMapWrite] = []
    // What goes. Addresses before the frontends that they hold.
    var removedAddresses: [BPFMapWrite] = []
    var removedFrontends: [BPFMapWrite] = []
    var removedSets: [BPFMapWrite] = []
    /// Backends that no slot names any more.
    var drained: [BPFMapWrite] = []
    // What packets on their way may still read.
    var oldCursors: [BPFMapWrite] = []
    var oldSlots: [BPFMapWrite] = []
    var oldSiblings: [BPFMapWrite] = []
    var oldBackends: [BPFMapWrite] = []
    var oldLoads: [BPFMapWrite] = []
    var oldCounters: [BPFMapWrite] = []
    var oldSources: [BPFMapWrite] = []

    mutating func removeBackend(_ id: UInt32) {
        oldBackends.append(.remove(.backend(id)))
        oldLoads.append(.remove(.load(backend: id)))
        oldCounters.append(.remove(.counters(backend: id)))
    }

    /// The plan, in order.
    consuming func finished() -> BPFMapPlan {
        var plan = plan
        plan.writes.reserveCapacity(2 * backends.count + slots.count + sets.count + 2 * frontends.count)
        for writes in [
            backends, loads, cursors, siblings, sources, slots, sets, frontends, addresses, removedAddresses,
            removedFrontends, removedSets, drained,
        ] { plan.writes += writes }
        plan.reclaimed = oldCursors + oldSlots + oldSiblings + oldBackends + oldLoads + oldCounters + oldSources
        return plan
    }
}
