internal import Netlink

/// What the kernel holds of the table, as read from it.
struct RedirectionKernel: Sendable {
    var sets: [String: NftablesSet] = [:]
    var chains: [String: NftablesChain] = [:]
    var rules: [String: [NftablesRule]] = [:]
    var elements: [RedirectionElement: [UInt8]] = [:]
    var ranges: [RedirectionSet: [NftablesElement]] = [:]
    /// Something that is never written here: sets of other kinds, another comment, a table that is switched off.
    var isForeign = false

    /// Every set and chain is there in the shape this version writes, and nothing else.
    func hasLayout(_ layout: RedirectionLayout) -> Bool {
        !isForeign && sets.count == layout.sets.count && chains.count == layout.chains.count
            && sets.hold(layout.sets) && chains.hold(layout.chains)
    }
}

extension RedirectionKernel {
    mutating func take(_ found: [NftablesElement], of set: RedirectionSet) {
        if set.isInterval {
            ranges[set] = found
            return
        }
        for element in found {
            var data: [UInt8] = []
            if case .value(let value)? = element.data { data = value }
            elements[RedirectionElement(set, element)] = data
        }
    }
}
