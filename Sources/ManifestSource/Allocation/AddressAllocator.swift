internal import KubernetesModel
internal import NetworkTypes

/// Hands out cluster IPs and node ports, and holds Services to those they name. No I/O.
///
/// A Service keeps what it was given for as long as it exists and asks for it. A new allocation begins
/// at a hash of the Service's name and goes on to the next free one, so that it depends neither on
/// order nor on other Services, collisions aside. Work is proportional to the Services changed.
struct AddressAllocator: Sendable {
    struct Entry: Sendable {
        /// Nil: known from an earlier run only, and not seen yet.
        var demand: AllocationDemand?
        var assigned: [AllocationSlot: AllocatedResource] = [:]
    }

    private struct Owner {
        var key: ObjectKey
        var isExplicit: Bool
    }

    let settings: AllocationSettings
    private var pools: [AllocationPool]
    private var owners: [AllocatedResource: Owner] = [:]
    private var entries: [ObjectKey: Entry] = [:]
    /// Services that were refused, and what they wait for.
    private var waiting: [ObjectKey: AllocationDemand] = [:]
    private var waitersForResource: [AllocatedResource: Set<ObjectKey>] = [:]
    private var waitersForAny: Set<ObjectKey> = []
    /// Services of an earlier run that have not been seen yet.
    private(set) var unseen: Set<ObjectKey> = []

    init(_ settings: AllocationSettings, remembering records: [ObjectKey: [AllocationSlot: AllocatedResource]] = [:]) {
        self.settings = settings
        pools = settings.clusterRanges.map { AllocationPool($0) } + [AllocationPool(settings.nodePorts)]
        for (key, slots) in records.sorted(by: { $0.key < $1.key }) {
            var kept: [AllocationSlot: AllocatedResource] = [:]
            for (slot, resource) in slots where owners[resource] == nil && pool(of: resource) != nil {
                take(resource, key, isExplicit: false)
                kept[slot] = resource
            }
            entries[key] = Entry(assigned: kept)
            unseen.insert(key)
        }
    }

    /// What a Service holds by allocation; nil when it holds nothing.
    func record(of key: ObjectKey) -> [AllocationSlot: AllocatedResource]? {
        guard let assigned = entries[key]?.assigned, !assigned.isEmpty else { return nil }
        return assigned
    }

    /// What a Service that was accepted asks for.
    func acceptedDemand(of key: ObjectKey) -> AllocationDemand? { entries[key]?.demand }

    /// Everything remembered, for a rewrite of the state file.
    var records: [ObjectKey: [AllocationSlot: AllocatedResource]] {
        entries.mapValues(\.assigned).filter { !$0.value.isEmpty }
    }

    /// Forgets the Services of an earlier run that did not come back.
    mutating func forgetUnseen() -> AllocationOutcome {
        let gone = unseen.sorted()
        unseen = []
        return update(gone.map { ($0, nil) })
    }

    /// Applies changes; the earlier in the list wins a dispute between Services that come together, and
    /// who holds a resource already wins over both. Nil: the Service is gone.
    mutating func update(_ changes: [(key: ObjectKey, demand: AllocationDemand?)]) -> AllocationOutcome {
        var outcome = AllocationOutcome()
        var released: Set<AllocatedResource> = []
        var round = changes
        var retried: Set<ObjectKey> = []
        while !round.isEmpty {
            for change in round { retried.insert(change.key) }
            apply(round, &outcome, &released)
            round = waiters(for: released).subtracting(retried).sorted().compactMap { key in
                waiting[key].map { (key, $0) }
            }
            released = []
        }
        return outcome
    }

    private mutating func apply(
        _ changes: [(key: ObjectKey, demand: AllocationDemand?)], _ outcome: inout AllocationOutcome,
        _ released: inout Set<AllocatedResource>
    ) {
        let earlier = Dictionary(changes.map { ($0.key, entries[$0.key]) }, uniquingKeysWith: { first, _ in first })
        for (key, demand) in changes {
            stopWaiting(key)
            unseen.remove(key)
            for claim in entries[key]?.demand?.claims ?? [] { release(claim.resource, of: key, &released) }
            guard demand == nil else { continue }
            drop(key, &outcome, &released)
        }
        var evicted: [ObjectKey: [(AllocationSlot, AllocatedResource, ObjectKey)]] = [:]
        var refused: [(ObjectKey, AllocationDemand, AllocationRefusal)] = []
        var accepted: Set<ObjectKey> = []
        for case (let key, let demand?) in changes {
            if let refusal = refusal(of: demand, key) {
                refused.append((key, demand, refusal))
            } else {
                claim(demand, key, &evicted, &outcome)
                accepted.insert(key)
            }
        }
        for (key, demand, refusal) in refused {
            let keeps = restore(key, earlier[key] ?? nil, &outcome, &released)
            refuse(key, demand, refusal, keepsEarlier: keeps, &outcome)
        }
        for key in accepted.union(evicted.keys).sorted() {
            fill(key, evicted[key] ?? [], &outcome, &released)
        }
    }
}

extension AddressAllocator {
    /// Why the explicit part of a demand cannot be met, nil when it can.
    private func refusal(of demand: AllocationDemand, _ key: ObjectKey) -> AllocationRefusal? {
        for claim in demand.claims {
            guard pool(of: claim.resource) != nil else { return .outOfRange(claim) }
            if let owner = owners[claim.resource], owner.isExplicit, owner.key != key {
                return .taken(claim, by: owner.key)
            }
        }
        for case .clusterIP(let family) in demand.slots where !pools.contains(where: { $0.range?.family == family }) {
            return .noRange(family)
        }
        return nil
    }

    private mutating func claim(
        _ demand: AllocationDemand, _ key: ObjectKey,
        _ evicted: inout [ObjectKey: [(AllocationSlot, AllocatedResource, ObjectKey)]],
        _ outcome: inout AllocationOutcome
    ) {
        for claim in demand.claims {
            if let owner = owners[claim.resource], !owner.isExplicit {
                let slot = entries[owner.key]?.assigned.first { $0.value == claim.resource }?.key
                if let slot {
                    entries[owner.key]?.assigned[slot] = nil
                    outcome.changedRecords.insert(owner.key)
                    if owner.key != key { evicted[owner.key, default: []].append((slot, claim.resource, key)) }
                }
                drop(claim.resource)
            }
            take(claim.resource, key, isExplicit: true)
        }
        entries[key, default: Entry()].demand = demand
    }

    /// Gives back what a refused Service held; false when it held nothing, or when that is gone.
    private mutating func restore(
        _ key: ObjectKey, _ earlier: Entry?, _ outcome: inout AllocationOutcome,
        _ released: inout Set<AllocatedResource>
    ) -> Bool {
        guard let earlier else { return false }
        guard let demand = earlier.demand else { return false }
        let isFree = demand.claims.allSatisfy { owners[$0.resource] == nil || owners[$0.resource]?.key == key }
        guard isFree, entries[key]?.assigned == earlier.assigned else {
            drop(key, &outcome, &released)
            return false
        }
        for claim in demand.claims { take(claim.resource, key, isExplicit: true) }
        entries[key]?.demand = demand
        return true
    }

    /// Allocates what a Service that was accepted, or had to move, lacks.
    private mutating func fill(
        _ key: ObjectKey, _ lost: [(slot: AllocationSlot, from: AllocatedResource, claimant: ObjectKey)],
        _ outcome: inout AllocationOutcome, _ released: inout Set<AllocatedResource>
    ) {
        guard let entry = entries[key] else { return }
        // Of an earlier run and not seen yet: the record alone has shrunk.
        guard let demand = entry.demand else { return }
        var assigned = entry.assigned
        for (slot, resource) in entry.assigned where !demand.slots.contains(slot) {
            assigned[slot] = nil
            release(resource, of: key, &released)
        }
        let name = key.description
        for slot in demand.slots where assigned[slot] == nil {
            guard let resource = free(for: slot, name) else {
                entries[key]?.assigned = assigned
                for claim in demand.claims { release(claim.resource, of: key, &released) }
                drop(key, &outcome, &released)
                refuse(key, demand, .exhausted(slot), keepsEarlier: false, &outcome)
                return
            }
            take(resource, key, isExplicit: false)
            assigned[slot] = resource
        }
        for (slot, from, claimant) in lost {
            guard let to = assigned[slot] else { continue }
            outcome.moves.append(AllocationMove(service: key, slot: slot, from: from, to: to, claimant: claimant))
        }
        entries[key]?.assigned = assigned
        if assigned != entry.assigned { outcome.changedRecords.insert(key) }
        outcome.verdicts[key] = .accepted(assigned)
    }

    private func free(for slot: AllocationSlot, _ name: String) -> AllocatedResource? {
        let hash = slot.hash(of: name)
        for pool in pools {
            switch slot {
            case .clusterIP(let family): guard pool.range?.family == family else { continue }
            case .nodePort, .healthCheckNodePort: guard pool.range == nil else { continue }
            }
            if let resource = pool.free(from: hash, isTaken: { owners[$0] != nil }) { return resource }
        }
        return nil
    }

    private mutating func refuse(
        _ key: ObjectKey, _ demand: AllocationDemand, _ refusal: AllocationRefusal, keepsEarlier: Bool,
        _ outcome: inout AllocationOutcome
    ) {
        outcome.verdicts[key] = .refused(refusal, keepsEarlier: keepsEarlier)
        waiting[key] = demand
        switch refusal {
        case .taken(let claim, _): waitersForResource[claim.resource, default: []].insert(key)
        case .exhausted: waitersForAny.insert(key)
        case .outOfRange, .noRange: break
        }
    }

    private mutating func stopWaiting(_ key: ObjectKey) {
        guard let demand = waiting.removeValue(forKey: key) else { return }
        waitersForAny.remove(key)
        for claim in demand.claims {
            guard var waiters = waitersForResource[claim.resource] else { continue }
            waiters.remove(key)
            waitersForResource[claim.resource] = waiters.isEmpty ? nil : waiters
        }
    }

    private func waiters(for released: Set<AllocatedResource>) -> Set<ObjectKey> {
        guard !released.isEmpty, !waiting.isEmpty else { return [] }
        return released.reduce(into: waitersForAny) { $0.formUnion(waitersForResource[$1] ?? []) }
    }
}

extension AddressAllocator {
    private func pool(of resource: AllocatedResource) -> Int? {
        pools.firstIndex { $0.contains(resource) }
    }

    private mutating func take(_ resource: AllocatedResource, _ key: ObjectKey, isExplicit: Bool) {
        let isNew = owners.updateValue(Owner(key: key, isExplicit: isExplicit), forKey: resource) == nil
        if isNew, let pool = pool(of: resource) { pools[pool].countUse() }
    }

    private mutating func drop(_ resource: AllocatedResource) {
        guard owners.removeValue(forKey: resource) != nil, let pool = pool(of: resource) else { return }
        pools[pool].countRelease()
    }

    private mutating func release(
        _ resource: AllocatedResource, of key: ObjectKey, _ released: inout Set<AllocatedResource>
    ) {
        guard owners[resource]?.key == key else { return }
        drop(resource)
        released.insert(resource)
    }

    /// The Service holds nothing any more.
    private mutating func drop(
        _ key: ObjectKey, _ outcome: inout AllocationOutcome, _ released: inout Set<AllocatedResource>
    ) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        for resource in entry.assigned.values { release(resource, of: key, &released) }
        if !entry.assigned.isEmpty { outcome.changedRecords.insert(key) }
    }
}
