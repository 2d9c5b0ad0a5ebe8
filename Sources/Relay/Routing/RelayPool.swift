internal import LinuxSystem
internal import LoadBalancing
internal import NetworkTypes

/// The backends that a service balances over in one scope, and how one of them is drawn.
struct RelayPool {
    /// Backends by place and weight with their slots, which cost something to lay out: done outside of the lock.
    struct Layout {
        let members: [RelayService.Member]
        let method: SchedulingMethod
        /// Indexes into the members.
        let slots: [UInt32]

        init(_ members: [RelayService.Member], _ method: SchedulingMethod) {
            self.members = members
            self.method = method
            let entries = members.compactMap { member in
                PortNumber(rawValue: member.address.port).map {
                    MaglevTable.Entry(address: member.address.address, port: $0, weight: member.weight)
                }
            }
            precondition(entries.count == members.count, "a backend without a port")
            slots = method.slots(of: entries).map(UInt32.init)
        }

        /// This one if it is of the same, else a new one.
        func updated(_ members: [RelayService.Member], _ method: SchedulingMethod) -> Layout {
            self.members == members && self.method == method ? self : Layout(members, method)
        }
    }

    /// Which backends are not to be drawn.
    struct Exclusion {
        let tried: [RelayBackend]
        let rests: [ObjectIdentifier: ContinuousClock.Instant]

        func excludes(_ backend: RelayBackend) -> Bool {
            if !rests.isEmpty && rests[ObjectIdentifier(backend)] != nil { return true }
            return !tried.isEmpty && tried.contains { $0 === backend }
        }
    }

    /// Slots drawn before the members are walked through.
    private static let draws: UInt32 = 4

    private(set) var layout = Layout([], .random)
    /// In the order of the layout's members.
    private(set) var backends: [RelayBackend] = []
    private var picker: SlotPicker?
    /// Filled where clients are remembered.
    private var places: [SocketAddress: Int] = [:]
    private var hosts: [IPAddress: Int] = [:]

    /// - Parameter remembers: backends will be asked for by place.
    mutating func install(_ new: Layout, remembers: Bool, backend: (SocketAddress) -> RelayBackend) {
        // Who was to be next stays next.
        if picker == nil || layout.method != new.method { picker = new.method.picker }
        layout = new
        backends = new.members.map { backend($0.address) }
        places = [:]
        hosts = [:]
        guard remembers else { return }
        for (index, member) in new.members.enumerated() where member.weight > 0 {
            if places[member.address] == nil { places[member.address] = index }
            if hosts[member.address.address] == nil { hosts[member.address.address] = index }
        }
    }

    /// The backend that takes connections at this place.
    ///
    /// - Parameter anyPort: or else the first at its address.
    func backend(at place: SocketAddress, anyPort: Bool) -> RelayBackend? {
        (places[place] ?? (anyPort ? hosts[place.address] : nil)).map { backends[$0] }
    }

    /// O(1), or O(backends compared). Nil when all are excluded, or none takes connections.
    mutating func draw(
        _ request: RelayRequest, besides exclusion: Exclusion, using random: inout Lehmer64
    ) -> RelayBackend? {
        if layout.slots.isEmpty { return nil }
        let index: Int? =
            switch layout.method {
            case .leastLoaded(let rule): leastLoaded(rule, exclusion, &random)
            case .twoChoices: betterOfTwo(exclusion, &random)
            default: drawn(request, exclusion, &random)
            }
        return index.map { backends[$0] }
    }

    private mutating func drawn(
        _ request: RelayRequest, _ exclusion: Exclusion, _ random: inout Lehmer64
    ) -> Int? {
        let asked = SlotPicker.Request(
            client: request.client.address, clientPort: PortNumber(rawValue: request.client.port),
            destination: request.destination.address)
        var index = 0
        for attempt in 0..<Self.draws {
            guard let slot = picker?.pick(of: layout.slots.count, for: asked, attempt: attempt, using: &random)
            else { return nil }
            index = Int(layout.slots[slot])
            if !exclusion.excludes(backends[index]) { return index }
        }
        for _ in backends {
            index = index + 1 < backends.count ? index + 1 : 0
            if layout.members[index].weight > 0 && !exclusion.excludes(backends[index]) { return index }
        }
        return nil
    }

    private func leastLoaded(_ rule: LeastLoaded, _ exclusion: Exclusion, _ random: inout Lehmer64) -> Int? {
        let count = layout.slots.count
        let limit = LeastLoaded.comparedBackends
        if count > limit {
            let start = Int.random(in: 0..<count, using: &random)
            let best = rule.pick(of: count, startingAt: start, comparing: limit) { load($0, exclusion) }
            if let best { return Int(layout.slots[best]) }
        }
        return rule.pick(of: count) { load($0, exclusion) }.map { Int(layout.slots[$0]) }
    }

    private func betterOfTwo(_ exclusion: Exclusion, _ random: inout Lehmer64) -> Int? {
        let best = TwoChoices.pick(of: layout.slots.count, using: &random) { load($0, exclusion) }
        if let best { return Int(layout.slots[best]) }
        // Both were excluded.
        return leastLoaded(.weightedLeastConnections, exclusion, &random)
    }

    private func load(_ slot: Int, _ exclusion: Exclusion) -> BackendLoad {
        let index = Int(layout.slots[slot])
        let backend = backends[index]
        return BackendLoad(
            connections: UInt64(max(0, backend.active)), weight: layout.members[index].weight,
            isDraining: exclusion.excludes(backend))
    }
}
