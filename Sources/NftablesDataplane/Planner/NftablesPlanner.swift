package import Netlink
internal import NetworkTypes
package import ServiceTable

/// Turns steps of the service table into changes of one family's nftables table. No I/O.
///
/// It remembers what no table says: the code of each treatment, and how many backends share a hairpin
/// address. An incremental plan costs what changed; `fullPlan` compares everything with what the
/// kernel holds.
package struct NftablesPlanner: Sendable {
    package let family: NftablesFamily
    var layout: TableLayout { TableLayout(family: family) }

    var treatments = TreatmentTable()
    private var hairpins: [IPAddress: Int] = [:]
    /// Hairpin addresses the kernel has.
    private var knownHairpins: Set<IPAddress> = []
    private var touchedHairpins: Set<IPAddress> = []

    package init(family: NftablesFamily) { self.family = family }

    /// What takes the kernel from `change.old` to `change.new`, for this family.
    package mutating func plan(_ change: ServiceTableChange) -> NftablesPlan {
        var plan = NftablesPlan()
        if change.nodeChanged { plan.prologue += nodeOperations(from: change.old.node, to: change.new.node) }
        let keys = change.changed.filter { $0.family == family.ipFamily }
        let steps = keys.map { Step(old: change.old[$0], new: change.new[$0]) }
        for group in Self.grouped(steps) {
            var changes = ElementChanges()
            for step in group { self.changes(of: step, &changes) }
            if group.allSatisfy({ $0.new == nil }) { plan.removals.append(changes) } else { plan.groups.append(changes) }
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
        var remaining: [FrontendKey: Frontend] = [:]
        for frontend in step.old?.frontends ?? [] {
            if let key = step.old.map({ frontend.key(in: $0.key) }) { remaining[key] = frontend }
        }
        if let new = step.new {
            for frontend in new.frontends {
                let key = frontend.key(in: new.key)
                let before = remaining.removeValue(forKey: key)
                frontendChanges(key, old: before, of: step.old, new: frontend, of: new, &changes)
            }
        }
        for (key, frontend) in remaining.sorted(by: { $0.key.description < $1.key.description }) {
            frontendChanges(key, old: frontend, of: step.old, new: nil, of: nil, &changes)
        }
        hairpinChanges(old: step.old, new: step.new)
    }

    private mutating func frontendChanges(
        _ key: FrontendKey, old: Frontend?, of oldPort: ServicePort?, new: Frontend?, of newPort: ServicePort?,
        _ changes: inout ElementChanges
    ) {
        let isNodePort = key.destination == .nodeAddresses
        let before = FrontendState(old, of: oldPort)
        let after = FrontendState(new, of: newPort)

        for scope in [BackendScope.cluster, .local] {
            let set = BalanceChain(isNodePort: isNodePort, scope: scope, count: 1).endpoints
            Self.endpointChanges(key, set, before.backends(scope), after.backends(scope), &changes)
        }

        let codes = isNodePort ? TableSet.nodePorts : .serviceAddresses
        if before.treatment != after.treatment {
            let oldCode = before.treatment.flatMap { treatments.code(of: $0) }
            let newCode = after.treatment.map { treatments.acquire($0) }
            if let treatment = before.treatment { treatments.release(treatment) }
            if oldCode != nil { changes.delete(codes, NftablesElement(key: ElementCoding.key(key))) }
            if let newCode { changes.add(codes, ElementCoding.code(key, newCode)) }
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
            if before != nil { changes.delete(set, ElementCoding.endpointKey(key, index: index)) }
            if let after { changes.add(set, ElementCoding.endpoint(key, index: index, after)) }
        }
    }

    // MARK: Shared things

    private mutating func hairpinChanges(old: ServicePort?, new: ServicePort?) {
        let before = Self.localAddresses(old)
        let after = Self.localAddresses(new)
        if before == after { return }
        for address in after.subtracting(before) {
            hairpins[address, default: 0] += 1
            touchedHairpins.insert(address)
        }
        for address in before.subtracting(after) {
            hairpins[address, default: 1] -= 1
            touchedHairpins.insert(address)
        }
    }

    static func localAddresses(_ port: ServicePort?) -> Set<IPAddress> {
        guard let port else { return [] }
        var addresses: Set<IPAddress> = []
        for scope in [BackendScope.cluster, .local] {
            for backend in port.backends(scope).backends where backend.isLocal { addresses.insert(backend.address) }
        }
        return addresses
    }

    /// Adds what treatments and hairpins need before the groups, and takes away after them what
    /// nothing uses any more.
    mutating func appendShared(_ plan: inout NftablesPlan) {
        for chain in treatments.takeUnusedChains() {
            plan.epilogue += [.flushChain(chain.name), .deleteChain(chain.name)]
        }
        let changed = treatments.takeChanges()
        for chain in changed.newChains {
            plan.prologue += [.addChain(NftablesChain(chain.name)), .addRule(layout.rule(of: chain))]
        }
        plan.prologue += Self.perSet(changed.added.flatMap { $0.treatment.elements(code: $0.code) }).map {
            .addElements($0, $1)
        }
        plan.epilogue.insert(
            contentsOf: Self.perSet(
                changed.removed.flatMap { removed in
                    removed.treatment.elements(code: removed.code).map {
                        SetElement($0.set, NftablesElement(key: $0.element.key))
                    }
                }
            ).map { .deleteElements($0, $1) }, at: 0)

        let added = touchedHairpins.filter { hairpins[$0, default: 0] > 0 && !knownHairpins.contains($0) }.sorted()
        let removed = touchedHairpins.filter { hairpins[$0, default: 0] == 0 && knownHairpins.contains($0) }.sorted()
        for address in touchedHairpins where hairpins[address] == 0 { hairpins[address] = nil }
        knownHairpins = knownHairpins.union(added).subtracting(removed)
        touchedHairpins = []
        if !added.isEmpty { plan.prologue.append(.addElements(.hairpinEndpoints, added.map(ElementCoding.hairpin))) }
        if !removed.isEmpty {
            plan.epilogue.append(.deleteElements(.hairpinEndpoints, removed.map(ElementCoding.hairpin)))
        }
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

    /// Hairpin addresses that a running table already has.
    mutating func adopt(hairpins addresses: Set<IPAddress>) {
        knownHairpins = addresses
        touchedHairpins = addresses
    }

    // MARK: The node

    private func nodeOperations(from old: NodeTable, to new: NodeTable) -> [NftablesOperation] {
        var operations: [NftablesOperation] = []
        let before = old.nodePortAddresses.filter { $0.family == family.ipFamily }
        let after = new.nodePortAddresses.filter { $0.family == family.ipFamily }
        let gone = before.filter { !after.contains($0) }
        let fresh = after.filter { !before.contains($0) }
        if !gone.isEmpty { operations.append(.deleteElements(.nodePortAddresses, gone.map(ElementCoding.address))) }
        if !fresh.isEmpty { operations.append(.addElements(.nodePortAddresses, fresh.map(ElementCoding.address))) }
        let prefixes = podPrefixes(new)
        if podPrefixes(old) != prefixes {
            operations.append(.flushSet(.podPrefixes))
            if !prefixes.isEmpty { operations.append(.addElements(.podPrefixes, NftablesElement.intervals(covering: prefixes))) }
        }
        return operations + ruleOperations(from: layout.rules(old.localDetector), to: layout.rules(new.localDetector))
    }

    func podPrefixes(_ node: NodeTable) -> [IPPrefix] {
        guard case .sourcePrefixes(let prefixes) = node.localDetector else { return [] }
        return prefixes.filter { $0.family == family.ipFamily }
    }

    /// Writes anew the chains whose rules differ, each in one transaction with the rest.
    func ruleOperations(from old: [NftablesRule], to new: [NftablesRule]) -> [NftablesOperation] {
        let before = Dictionary(grouping: old, by: \.chain)
        let after = Dictionary(grouping: new, by: \.chain)
        return layout.chains.flatMap { chain -> [NftablesOperation] in
            let (was, wanted) = (before[chain.name] ?? [], after[chain.name] ?? [])
            guard was != wanted else { return [] }
            return (was.isEmpty ? [] : [.flushChain(chain.name)]) + wanted.map { .addRule($0) }
        }
    }
}

/// What a frontend means for the kernel's sets.
struct FrontendState {
    let treatment: Treatment?
    private let frontend: Frontend?
    private let port: ServicePort?

    init(_ frontend: Frontend?, of port: ServicePort?) {
        self.frontend = frontend
        self.port = port
        if let frontend, let port { treatment = Treatment(frontend, of: port) } else { treatment = nil }
    }

    /// The backends that some origin is balanced over in this scope.
    func backends(_ scope: BackendScope) -> [Backend] {
        guard let treatment, let port else { return [] }
        return treatment.chains.contains { $0.scope == scope } ? port.backends(scope).backends : []
    }

    /// Some origin gets this verdict.
    func refuses(_ verdict: Verdict) -> Bool {
        guard let verdicts = frontend?.verdicts else { return false }
        return verdicts.pod == verdict || verdicts.node == verdict || verdicts.outside == verdict
    }
}
