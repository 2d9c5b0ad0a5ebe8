package import NetworkTypes

extension NftablesElement {
    /// The elements of an interval set of addresses that holds exactly these blocks.
    ///
    /// Overlapping and adjacent blocks are joined: the kernel refuses intervals that overlap. Each
    /// range is its first address and an end element, one past its last; a range that reaches the top
    /// of the address space has no end. Sorted by address.
    package static func intervals(covering prefixes: some Sequence<IPPrefix>) -> [NftablesElement] {
        ranges(covering: prefixes).flatMap { range -> [NftablesElement] in
            let start = NftablesElement(key: range.first.networkBytes)
            let top: UInt128 = range.first.family == .ipv4 ? UInt128(UInt32.max) : .max
            guard range.last.bits < top else { return [start] }
            let end = IPAddress(bits: range.last.bits + 1, family: range.last.family)
            return [start, NftablesElement(key: end.networkBytes, isIntervalEnd: true)]
        }
    }

    /// The elements of an interval set whose key is some fields and an address, for exactly these blocks:
    /// one element a range, `key` its first address after `fixed` and `keyEnd` its last.
    ///
    /// Overlapping and adjacent blocks are joined. Sorted by address.
    ///
    /// - Parameter fixed: the key's fields before the address, each padded to a multiple of four bytes and
    ///   in network order (see `networkOrder`).
    package static func intervals(
        after fixed: [UInt8], covering prefixes: some Sequence<IPPrefix>
    ) -> [NftablesElement] {
        ranges(covering: prefixes).map {
            NftablesElement(key: fixed + $0.first.networkBytes, keyEnd: fixed + $0.last.networkBytes)
        }
    }

    /// The first and the last key of a block after fixed fields; see `intervals(after:covering:)`.
    package static func keyRange(after fixed: [UInt8], _ prefix: IPPrefix) -> (key: [UInt8], keyEnd: [UInt8]) {
        (fixed + prefix.address.networkBytes, fixed + prefix.lastAddress.networkBytes)
    }

    /// A `meta priority` or `meta mark` as concatenated intervals hold it: four bytes, network order.
    package static func networkOrder(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - $0 * 8)) }
    }

    /// Overlapping and adjacent blocks joined, ascending.
    private static func ranges(
        covering prefixes: some Sequence<IPPrefix>
    ) -> [(first: IPAddress, last: IPAddress)] {
        var ranges: [(first: IPAddress, last: IPAddress)] = []
        var range: (first: IPAddress, last: IPAddress)?
        for prefix in prefixes.sorted() {
            if let current = range, current.last.family == prefix.family,
                prefix.address <= current.last || prefix.address.bits == current.last.bits + 1
            {
                range = (current.first, max(current.last, prefix.lastAddress))
            } else {
                if let current = range { ranges.append(current) }
                range = (prefix.address, prefix.lastAddress)
            }
        }
        if let range { ranges.append(range) }
        return ranges
    }
}
