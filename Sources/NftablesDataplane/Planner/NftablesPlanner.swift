internal import Dataplane
package import Netlink
internal import NetworkTypes
package import ServiceTable

/// Turns steps of the service table into changes of one family's nftables table. No I/O.
///
/// It remembers what no table says: the codes of treatments and of sources, the ids of endpoints that
/// clients are remembered by, and how many service ports share an address. An incremental plan costs what changed; `fullPlan` compares everything with what the
/// kernel holds.
package struct NftablesPlanner: Sendable {
    package let family: NftablesFamily
    var layout: TableLayout { TableLayout(family: family) }

    var treatments = TreatmentTable()
    var sources = CodeTable<[IPPrefix]>()
    var affinity: AffinityTable
    var hairpins = CountedAddresses()
    var clusterIPs = CountedAddresses()

    /// - Parameter affinitySeed: where the ids of remembered endpoints begin (`AffinityTable`).
    package init(family: NftablesFamily, affinitySeed: UInt32 = 0) {
        self.family = family
        affinity = AffinityTable(seed: affinitySeed)
    }

    /// What takes the kernel from `change.old` to `change.new`, for this family.
    package mutating func plan(_ change: ServiceTableChange) -> NftablesPlan {
        var plan = NftablesPlan()
        if change.nodeChanged { plan.prologue += nodeOperations(from: change.old.node, to: change.new.node) }
        let keys = change.changed.filter { $0.family == family.ipFamily }
        let steps = keys.map { Step(old: change.old[$0], new: change.new[$0]) }
        for group in Self.grouped(steps) {
            var changes = ElementChanges()
            for step in group { self.changes(of: step, &changes) }
            if group.allSatisfy({ $0.new == nil }) {
                plan.removals.append(changes)
            } else {
                let endpoints = changes.takeEndpointDeletions()
                if !endpoints.isEmpty { plan.afterwards.append(endpoints) }
                plan.groups.append(changes)
            }
        }
        appendShared(&plan)
        return plan
    }

    // MARK: Service ports

    struct Step {
        let old: ServicePort?
        let new: ServicePort?
    }

    /// Steps that must share a transaction: one gives up a frontend that another takes.
    static func grouped(_ steps: [Step]) -> [[Step]] {
        guard steps.count > 1 else { return steps.map { [$0] } }
        var givenUp: [FrontendKey: Int] = [:]
        for (index, step) in steps.enumerated() {
            guard let old = step.old else { continue }
            let kept = Set(step.new?.frontends.map { $0.key(in: old.key) } ?? [])
            for frontend in old.frontends {
                let key = frontend.key(in: old.key)
                if !kept.contains(key) { givenUp[key] = index }
            }
        }
        if givenUp.isEmpty { return steps.map { [$0] } }
        var leader = Array(steps.indices)
        func find(_ index: Int) -> Int {
            var index = index
            while leader[index] != index { index = leader[index] }
            return index
        }
        for (index, step) in steps.enumerated() {
            guard let new = step.new else { continue }
            for frontend in new.frontends {
                guard let giver = givenUp[frontend.key(in: new.key)], giver != index else { continue }
                leader[find(giver)] = find(index)
            }
        }
        var groups: [Int: [Step]] = [:]
        for (index, step) in steps.enumerated() { groups[find(index), default: []].append(step) }
        return groups.sorted { $0.key < $1.key }.map(\.value)
    }

    private mutating func changes(of step: Step, _ changes: inout ElementChanges) {
        let old = step.old.map { PortState($0, affinityIDs: affinity.ids(of: $0)) }
        if step.old?.affinity != nil || step.new?.affinity != nil { affinity.replace(step.old, with: step.new) }
        let new = step.new.map { PortState($0, affinityIDs: affinity.ids(of: $0)) }

        var remaining: [FrontendKey: Frontend] = [:]
        if let old {
            for frontend in old.port.frontends { remaining[frontend.key(in: old.port.key)] = frontend }
        }
        if let new {
            for frontend in new.port.frontends {
                let key = frontend.key(in: new.port.key)
                let before = remaining.removeValue(forKey: key)
                frontendChanges(
                    key, from: FrontendState(before, of: old), to: FrontendState(frontend, of: new), &changes)
            }
        }
        for (key, frontend) in remaining.sorted(by: { $0.key.description < $1.key.description }) {
            frontendChanges(key, from: FrontendState(frontend, of: old), to: FrontendState(nil, of: nil), &changes)
        }
        hairpins.replace(Self.localAddresses(step.old), with: Self.localAddresses(step.new))
        clusterIPs.replace(Self.ownAddresses(step.old), with: Self.ownAddresses(step.new))
    }

    private mutating func frontendChanges(
        _ key: FrontendKey, from before: FrontendState, to after: FrontendState, _ changes: inout ElementChanges
    ) {
        let isNodePort = key.destination == .nodeAddresses
        for scope in [BackendScope.cluster, .local] {
            let maps = EndpointMaps(isNodePort: isNodePort, scope: scope)
            Self.endpointChanges(key, maps.endpoints, before.endpoints(scope), after.endpoints(scope), &changes)
            if before.hasAffinity || after.hasAffinity {
                Self.affinityChanges(key, maps, before.affinityEndpoints(scope), after.affinityEndpoints(scope), &changes)
            }
        }

        let codes = isNodePort ? TableSet.nodePorts : .serviceAddresses
        if before.treatment != after.treatment {
            let oldCode = before.treatment.flatMap { treatments.code(of: $0) }
            let newCode = after.treatment.map { treatments.acquire($0) }
            if let treatment = before.treatment { treatments.release(treatment) }
            if oldCode != nil { changes.delete(codes, NftablesElement(key: ElementCoding.key(key))) }
            if let newCode { changes.add(codes, ElementCoding.code(key, newCode)) }
        }

        if before.allowedSources != after.allowedSources {
            let newCode = after.allowedSources.map { sources.acquire($0).code }
            if let allowed = before.allowedSources { _ = sources.release(allowed) }
            if before.allowedSources != nil {
                changes.delete(.restrictedServices, NftablesElement(key: ElementCoding.key(key)))
            }
            if let newCode { changes.add(.restrictedServices, ElementCoding.code(key, newCode)) }
        }

        let refusing: [(TableSet, Verdict)] = [
            (isNodePort ? .rejectNodePorts : .rejectServices, .reject),
            (isNodePort ? .dropNodePorts : .dropServices, .drop),
        ]
        for (set, verdict) in refusing where before.refuses(verdict) != after.refuses(verdict) {
            let element = NftablesElement(key: ElementCoding.key(key))
            if after.refuses(verdict) { changes.add(set, element) } else { changes.delete(set, element) }
        }
    }

    /// Compares index by index: a backend set keeps its order, so that one endpoint replaced is one
    /// element deleted and one added. O(n) comparisons, O(changed) elements.
    private static func endpointChanges(
        _ key: FrontendKey, _ set: TableSet, _ old: [Backend], _ new: [Backend], _ changes: inout ElementChanges
    ) {
        for index in 0..<max(old.count, new.count) {
            let before = index < old.count ? old[index] : nil
            let after = index < new.count ? new[index] : nil
            if let before, let after, before.isSamePlace(as: after) { continue }
            if before != nil { changes.delete(set, ElementCoding.endpointKey(key, index: UInt32(index))) }
            if let after { changes.add(set, ElementCoding.endpoint(key, index: UInt32(index), after)) }
        }
    }

    /// An endpoint id stands for the same endpoint as long as it is there, so that ids that stay change nothing.
    private static func affinityChanges(
        _ key: FrontendKey, _ maps: EndpointMaps, _ old: [AffinityEndpoint], _ new: [AffinityEndpoint],
        _ changes: inout ElementChanges
    ) {
        for index in 0..<max(old.count, new.count) {
            let before = index < old.count ? old[index].id : nil
            let after = index < new.count ? new[index].id : nil
            if before == after { continue }
            if before != nil { changes.delete(maps.affinitySlots, ElementCoding.endpointKey(key, index: UInt32(index))) }
            if let after { changes.add(maps.affinitySlots, ElementCoding.affinitySlot(key, index: index, id: after)) }
        }
        let before = Dictionary(old.map { ($0.id, $0.backend) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.id, $0.backend) }, uniquingKeysWith: { first, _ in first })
        func stays(_ id: UInt32) -> Bool {
            guard let was = before[id], let `is` = after[id] else { return false }
            return was.isSamePlace(as: `is`)
        }
        for id in before.keys.sorted() where !stays(id) {
            changes.delete(maps.affinityEndpoints, ElementCoding.endpointKey(key, index: id))
        }
        for (id, backend) in after.sorted(by: { $0.key < $1.key }) where !stays(id) {
            changes.add(maps.affinityEndpoints, ElementCoding.endpoint(key, index: id, backend))
        }
    }

    // MARK: Shared things

    static func localAddresses(_ port: ServicePort?) -> Set<IPAddress> {
        guard let port else { return [] }
        var addresses: Set<IPAddress> = []
        for scope in [BackendScope.cluster, .local] {
            for backend in port.backends(scope).backends where backend.isLocal { addresses.insert(backend.address) }
        }
        return addresses
    }

    /// Addresses that are the service port's Service's alone.
    private static func ownAddresses(_ port: ServicePort?) -> Set<IPAddress> {
        var addresses: Set<IPAddress> = []
        for frontend in port?.frontends ?? [] where frontend.kind == .clusterIP {
            if case .address(let address) = frontend.destination { addresses.insert(address) }
        }
        return addresses
    }

    /// Adds what treatments, sources and addresses need before the groups, and takes away after them what
    /// nothing uses any more.
    mutating func appendShared(_ plan: inout NftablesPlan) {
        for chain in treatments.takeUnusedChains() {
            plan.epilogue += [.flushChain(chain.name), .deleteChain(chain.name)]
        }
        let (codes, newChains) = treatments.takeChanges()
        for chain in newChains {
            plan.prologue += [.addChain(NftablesChain(chain.name))] + layout.rules(of: chain).map { .addRule($0) }
        }
        plan.prologue += Self.perSet(codes.added.flatMap { $0.meaning.elements(code: $0.code) }).map {
            .addElements($0, $1)
        }
        let gone = codes.removed.flatMap { removed in removed.meaning.elements(code: removed.code).map(\.keyOnly) }
        plan.epilogue.insert(contentsOf: Self.perSet(gone).map { .deleteElements($0, $1) }, at: 0)

        let sources = self.sources.takeChanges()
        let allowed = sources.added.flatMap { ElementCoding.sources($0.meaning, code: $0.code) }
        if !allowed.isEmpty { plan.prologue.append(.addElements(.allowedSources, allowed)) }
        let revoked = sources.removed.flatMap { ElementCoding.sources($0.meaning, code: $0.code) }
        if !revoked.isEmpty { plan.epilogue.append(.deleteElements(.allowedSources, revoked)) }

        let (newPairs, oldPairs) = hairpins.takeChanges()
        if !newPairs.isEmpty { plan.prologue.append(.addElements(.hairpinEndpoints, newPairs.map(ElementCoding.hairpin))) }
        if !oldPairs.isEmpty {
            plan.epilogue.append(.deleteElements(.hairpinEndpoints, oldPairs.map(ElementCoding.hairpin)))
        }
        let (newIPs, oldIPs) = clusterIPs.takeChanges()
        if !newIPs.isEmpty { plan.prologue.append(.addElements(.clusterIPs, newIPs.map(ElementCoding.address))) }
        if !oldIPs.isEmpty { plan.epilogue.append(.deleteElements(.clusterIPs, oldIPs.map(ElementCoding.address))) }
    }

    /// The sets whose keys are codes.
    static let treatmentSets: [TableSet] = [
        .fromPod, .fromNode, .fromOutside, .masqueradeFromPod, .masqueradeFromNode, .masqueradeFromOutside,
    ]

    private static func perSet(_ items: [SetElement]) -> [(TableSet, [NftablesElement])] {
        treatmentSets.compactMap { set in
            let elements = items.filter { $0.set == set }.map(\.element)
            return elements.isEmpty ? nil : (set, elements)
        }
    }
}
