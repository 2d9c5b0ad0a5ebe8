internal import Netlink
internal import NetworkTypes
internal import ServiceTable

/// What of a plan depends on the node and not on Services.
extension NftablesPlanner {
    func nodeOperations(from old: NodeTable, to new: NodeTable) -> [NftablesOperation] {
        var operations: [NftablesOperation] = []
        let before = old.nodePortAddresses.filter { $0.family == family.ipFamily }
        let after = new.nodePortAddresses.filter { $0.family == family.ipFamily }
        let gone = before.filter { !after.contains($0) }
        let fresh = after.filter { !before.contains($0) }
        if !gone.isEmpty { operations.append(.deleteElements(.nodePortAddresses, gone.map(ElementCoding.address))) }
        if !fresh.isEmpty { operations.append(.addElements(.nodePortAddresses, fresh.map(ElementCoding.address))) }
        for (set, was, wanted) in [
            (TableSet.podPrefixes, podPrefixes(old), podPrefixes(new)),
            (.serviceRanges, serviceRanges(old), serviceRanges(new)),
        ] where was != wanted {
            operations.append(.flushSet(set))
            if !wanted.isEmpty { operations.append(.addElements(set, NftablesElement.intervals(covering: wanted))) }
        }
        return operations + ruleOperations(from: layout.rules(old.localDetector), to: layout.rules(new.localDetector))
    }

    func podPrefixes(_ node: NodeTable) -> [IPPrefix] {
        guard case .sourcePrefixes(let prefixes) = node.localDetector else { return [] }
        return prefixes.filter { $0.family == family.ipFamily }
    }

    func serviceRanges(_ node: NodeTable) -> [IPPrefix] { node.serviceRanges.filter { $0.family == family.ipFamily } }

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
