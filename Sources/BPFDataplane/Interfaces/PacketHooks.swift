internal import BPF

/// The packet programs at the interfaces of the calling thread's network namespace.
struct PacketHooks: Sendable {
    /// Ours alone: filters of others have other places. It runs after what has a lower priority, and is not reached by
    /// what that decides about.
    static let place = TrafficFilterPlace(priority: 10, handle: 0x4657)

    var ingress: SharedProgram
    var egress: SharedProgram

    static func isOurs(_ name: String) -> Bool { LoadedPrograms.packetPrograms.contains(name) }

    /// Attaches both, or puts them in place of those of an earlier process.
    ///
    /// - Returns: whether the qdisc they need was made for them.
    func attach(to index: UInt32) throws(BPFError) -> Bool {
        let isNew = try TrafficFilter.ensureQdisc(interfaceIndex: index)
        try TrafficFilter.attach(
            egress.program, to: TrafficHook(interfaceIndex: index, .egress), at: Self.place, replacing: Self.isOurs)
        try TrafficFilter.attach(
            ingress.program, to: TrafficHook(interfaceIndex: index, .ingress), at: Self.place, replacing: Self.isOurs)
        return isNew
    }

    /// Whether both are there. O(1): two questions to the kernel.
    ///
    /// - Throws: `.notFound` when there is no such interface.
    func areAttached(to index: UInt32) throws(BPFError) -> Bool {
        for (direction, shared) in [(TrafficHook.Direction.ingress, ingress), (.egress, egress)] {
            let found = try TrafficFilter.query(TrafficHook(interfaceIndex: index, direction), at: Self.place)
            if found?.programID != shared.program.identity.id { return false }
        }
        return true
    }

    /// Removes both. False when neither was there.
    static func detach(from index: UInt32) throws(BPFError) -> Bool {
        var isRemoved = false
        for direction in TrafficHook.Direction.allCases {
            let hook = TrafficHook(interfaceIndex: index, direction)
            guard let found = try TrafficFilter.query(hook, at: place), found.name.map(isOurs) == true else { continue }
            isRemoved = try TrafficFilter.detach(from: hook, at: place, removing: isOurs) || isRemoved
        }
        return isRemoved
    }
}
