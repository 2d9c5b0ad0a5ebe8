package import NetworkTypes

extension NftablesElement {
    /// The elements of an interval set of addresses that holds exactly these blocks.
    ///
    /// Overlapping and adjacent blocks are joined: the kernel refuses intervals that overlap. Each
    /// range is its first address and an end element, one past its last; a range that reaches the top
    /// of the address space has no end. Sorted by address.
    package static func intervals(covering prefixes: some Sequence<IPPrefix>) -> [NftablesElement] {
        var elements: [NftablesElement] = []
        var range: (first: IPAddress, last: IPAddress)?
        func close(_ range: (first: IPAddress, last: IPAddress)) {
            elements.append(NftablesElement(key: range.first.networkBytes))
            let top: UInt128 = range.first.family == .ipv4 ? UInt128(UInt32.max) : .max
            guard range.last.bits < top else { return }
            let end = IPAddress(bits: range.last.bits + 1, family: range.last.family)
            elements.append(NftablesElement(key: end.networkBytes, isIntervalEnd: true))
        }
        for prefix in prefixes.sorted() {
            if let current = range, current.last.family == prefix.family,
                prefix.address <= current.last || prefix.address.bits == current.last.bits + 1
            {
                range = (current.first, max(current.last, prefix.lastAddress))
            } else {
                if let current = range { close(current) }
                range = (prefix.address, prefix.lastAddress)
            }
        }
        if let range { close(range) }
        return elements
    }
}
