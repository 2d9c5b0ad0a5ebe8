internal import NetworkTypes

/// The resources of one range and how many of them are in use.
///
/// Allocations begin above a lower band that is left to explicit requests while it can be (KEP-3070
/// for addresses, KEP-3668 for ports): explicit and allocated then seldom meet.
struct AllocationPool: Sendable {
    /// Where the pool begins: the address after that of the network, or the first port.
    private let first: UInt128
    /// Resources of the pool. Larger ranges count as this many: nobody fills 2^32 addresses.
    let size: UInt64
    private let staticBand: UInt64
    /// Nil: node ports.
    let range: IPPrefix?
    private(set) var used: UInt64 = 0

    private static let largestSize: UInt64 = 1 << 32

    /// The addresses of a range but its first (the network, or the anycast address of its routers, RFC
    /// 4291 2.6.1) and its last (broadcast in IPv4).
    init(_ range: IPPrefix) {
        let span = range.lastAddress.bits - range.address.bits
        self.range = range
        first = range.address.bits &+ 1
        size = span < 2 ? 0 : UInt64(min(span - 1, UInt128(Self.largestSize)))
        staticBand = size < 16 ? 0 : min(max(16, size / 16), 256)
    }

    init(_ ports: ClosedRange<UInt16>) {
        range = nil
        first = UInt128(ports.lowerBound)
        size = UInt64(ports.count)
        staticBand = size < 16 ? 0 : min(max(16, size / 32), 128)
    }

    func contains(_ resource: AllocatedResource) -> Bool {
        switch resource {
        case .address(let address):
            guard let range, range.contains(address), size > 0 else { return false }
            return address.bits >= first && address != range.lastAddress
        case .nodePort(let port):
            return range == nil && UInt128(port) >= first && UInt128(port) < first + UInt128(size)
        }
    }

    mutating func countUse() { used += 1 }
    mutating func countRelease() { used -= min(used, 1) }

    /// The first free resource after `hash`, nil when there is none. O(1) on average while the pool is
    /// not nearly full.
    func free(from hash: UInt64, isTaken: (AllocatedResource) -> Bool) -> AllocatedResource? {
        guard used < size else { return nil }
        let upper = size - staticBand
        for step in 0..<size {
            // Once through the upper band, then through the lower.
            let offset = step < upper ? staticBand + (hash % upper + step) % upper : step - upper
            let candidate = resource(at: offset)
            if !isTaken(candidate) { return candidate }
        }
        return nil
    }

    private func resource(at offset: UInt64) -> AllocatedResource {
        let value = first + UInt128(offset)
        guard let range else { return .nodePort(UInt16(truncatingIfNeeded: value)) }
        return .address(IPAddress(bits: value, family: range.family))
    }
}
