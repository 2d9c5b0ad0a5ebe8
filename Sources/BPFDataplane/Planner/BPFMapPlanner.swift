internal import CBPFMaps
package import NetworkTypes
package import ServiceTable

/// Turns steps of the service table into writes of the maps that both families share. No I/O.
///
/// It remembers what the maps hold for each service port: ids, backends, slots. An incremental plan costs what
/// changed; `fullPlan` takes over what the kernel holds.
package struct BPFMapPlanner: Sendable {
    private var ids: BPFMapIDs
    private var ipv4 = FamilyPlanner(family: .ipv4)
    private var ipv6 = FamilyPlanner(family: .ipv6)
    /// `fw_settings.detect`, as it was last asked for.
    private var detect: UInt32 = 0

    /// - Parameter idSeed: where ids begin to be counted. The kernel's memories (affinity, connections) may name ids of
    ///   an earlier process that nothing else does any more: one that begins elsewhere does not give them to others.
    ///   0: at the beginning, for texts that are to be the same each time.
    package init(idSeed: UInt32 = 0) { ids = BPFMapIDs(seed: idSeed) }

    /// What takes the maps from `change.old` to `change.new`, for service ports and addresses of this family.
    ///
    /// O(changed); but where pods begin or cease to be told from others, every frontend of the family is looked at.
    package mutating func plan(_ change: ServiceTableChange, family: IPFamily) -> BPFMapPlan {
        var buckets = PlanBuckets()
        ids.settle()
        switch family {
        case .ipv4: ipv4.plan(change, &ids, &buckets)
        case .ipv6: ipv6.plan(change, &ids, &buckets)
        }
        return finished(buckets, change.new.node)
    }

    /// What takes the maps from what they hold to `table` in this family, whatever this planner thought before.
    ///
    /// Ids are kept by frontend and place, so that an unchanged cluster gives an empty plan. What belongs to the other
    /// family is left alone; what nobody claims is removed, but backends of service ports that are gone are drained while
    /// they have connections. O(table).
    package mutating func fullPlan(_ kernel: BPFKernelState, table: ServiceTable, family: IPFamily) -> BPFMapPlan {
        var buckets = PlanBuckets()
        let other = family == .ipv4 ? ipv6 : ipv4
        reserve(kernel, besides: other)
        detect = kernel.detect
        var planner = FamilyPlanner(family: family)
        planner.synchronize(
            kernel, table, servicesOfOthers: other.services.union(kernel.services(of: other.family)), &ids, &buckets)
        if family == .ipv4 { ipv4 = planner } else { ipv6 = planner }
        return finished(buckets, table.node)
    }

    /// Removes draining backends whose connections have ended, or whose grace is over. Those that are not draining (any
    /// more) are left out.
    package mutating func retire(backends: some Sequence<UInt32>) -> BPFMapPlan {
        var buckets = PlanBuckets()
        ids.settle()
        for id in backends {
            ipv4.retire(id, &ids, &buckets)
            ipv6.retire(id, &ids, &buckets)
        }
        return buckets.finished()
    }

    /// Every backend that takes no new connection and waits for the end of those it has, by id. O(draining).
    package var draining: [BPFDrainingBackend] {
        (ipv4.drainingBackends + ipv6.drainingBackends).sorted { $0.id < $1.id }
    }

    private mutating func finished(_ buckets: consuming PlanBuckets, _ node: NodeTable) -> BPFMapPlan {
        var plan = buckets.finished()
        let wanted = node.localDetector.detectFlags
        if wanted != detect { plan.detect = wanted }
        detect = wanted
        return plan
    }

    /// Ids that the maps name, for whatever, are not given to anybody else.
    private mutating func reserve(_ kernel: BPFKernelState, besides other: FamilyPlanner) {
        ids.services.reset(
            taken: other.services.union(kernel.backends.values.map(\.service)).union(kernel.sets.keys.map(\.service))
                .union(kernel.frontends.values.map(\.service)).union(kernel.cursors.map(\.service))
                .union(kernel.siblings.keys.map(\.service)))
        ids.backends.reset(
            taken: other.backendIDs.union(kernel.backends.keys).union(kernel.loads.keys).union(kernel.counters)
                .union(kernel.slots.values))
        ids.tables.reset(
            taken: other.tables.union(kernel.sets.values.map(\.table)).union(kernel.slots.keys.map(\.table)))
        ids.sources.reset(
            taken: Set(other.sources.numbers).union(kernel.frontends.values.map(\.sources))
                .union(kernel.sources.map(\.sources)))
        ids.owners.reset(taken: Set(other.owners.numbers).union(kernel.sets.values.map(\.affinityOwner)))
    }
}

extension LocalDetector {
    /// FW_DETECT_ flags: how the kernel tells pods.
    var detectFlags: UInt32 {
        switch self {
        case .none: 0
        case .sourcePrefixes: UInt32(FW_DETECT_PREFIXES)
        case .interface, .interfacePrefix: UInt32(FW_DETECT_INTERFACES)
        }
    }
}
