internal import NetworkTypes

/// ClusterIPs, which the ports of a Service have in common.
struct CountedAddresses: Sendable {
    private var uses: [IPAddress: Int] = [:]
    /// What the map has.
    private var known: Set<IPAddress> = []
    private var touched: Set<IPAddress> = []

    init() {}

    /// Addresses that the map has already; those that nobody wants go with the next changes.
    init(adopting addresses: Set<IPAddress>) {
        known = addresses
        touched = addresses
    }

    /// One service port wants `after` instead of `before`.
    mutating func replace(_ before: Set<IPAddress>, with after: Set<IPAddress>) {
        if before == after { return }
        for address in after.subtracting(before) {
            uses[address, default: 0] += 1
            touched.insert(address)
        }
        for address in before.subtracting(after) {
            uses[address, default: 1] -= 1
            touched.insert(address)
        }
    }

    /// What changed since the last call. O(addresses touched).
    mutating func takeChanges(_ buckets: inout PlanBuckets) {
        for address in touched.sorted() {
            if uses[address, default: 0] > 0 {
                if known.insert(address).inserted { buckets.addresses.append(.set(.clusterIP(address))) }
            } else {
                uses[address] = nil
                if known.remove(address) != nil { buckets.removedAddresses.append(.remove(.clusterIP(address))) }
            }
        }
        touched = []
    }
}
