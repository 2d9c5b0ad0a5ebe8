package import NetworkTypes
package import ServiceTable

/// Turns steps of the service table into writes of the maps that both families share. No I/O.
///
/// It remembers what the maps hold for each service port: ids, backends, slots. An incremental plan costs what
/// changed; `fullPlan` takes over what the kernel holds.
package struct BPFMapPlanner: Sendable {
    /// - Parameter idSeed: where ids begin to be counted. The kernel's memories (affinity, connections) may name ids of
    ///   an earlier process that nothing else does any more: one that begins elsewhere does not give them to others.
    ///   0: at the beginning, for texts that are to be the same each time.
    package init(idSeed: UInt32 = 0) {}

    /// What takes the maps from `change.old` to `change.new`, for service ports and addresses of this family. O(changed).
    package mutating func plan(_ change: ServiceTableChange, family: IPFamily) -> BPFMapPlan { BPFMapPlan() }

    /// What takes the maps from what they hold to `table` in this family, whatever this planner thought before.
    ///
    /// Ids are kept by frontend and place, so that an unchanged cluster gives an empty plan. What belongs to the other
    /// family is left alone; what nobody claims is removed. O(table).
    package mutating func fullPlan(_ kernel: BPFKernelState, table: ServiceTable, family: IPFamily) -> BPFMapPlan {
        BPFMapPlan()
    }

    /// Removes draining backends whose connections have ended, or whose grace is over. Those that are not draining (any
    /// more) are left out.
    package mutating func retire(backends: some Sequence<UInt32>) -> BPFMapPlan { BPFMapPlan() }

    /// Every backend that takes no new connection and waits for the end of those it has, by id. O(draining).
    package var draining: [BPFDrainingBackend] { [] }
}

extension BPFKernelState {
    /// The order in which the sets hold the backends of this family's frontends.
    package func order(_ family: IPFamily) -> AdoptedOrder { AdoptedOrder() }
}
