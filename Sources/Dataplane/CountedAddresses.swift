package import NetworkTypes

/// A set of addresses that several service ports may want at the same time.
package struct CountedAddresses: Sendable {
    private var uses: [IPAddress: Int] = [:]
    /// What the kernel has.
    private var known: Set<IPAddress> = []
    private var touched: Set<IPAddress> = []

    package init() {}

    /// Addresses a running table already has; those that nobody wants go at the next `takeChanges`.
    package mutating func adopt(_ addresses: Set<IPAddress>) {
        known = addresses
        touched = addresses
    }

    /// One service port wants `after` instead of `before`.
    package mutating func replace(_ before: Set<IPAddress>, with after: Set<IPAddress>) {
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

    /// What the kernel must add and delete since the last call, sorted. O(addresses touched).
    package mutating func takeChanges() -> (added: [IPAddress], removed: [IPAddress]) {
        var added: [IPAddress] = []
        var removed: [IPAddress] = []
        for address in touched {
            if uses[address, default: 0] > 0 {
                if known.insert(address).inserted { added.append(address) }
            } else {
                uses[address] = nil
                if known.remove(address) != nil { removed.append(address) }
            }
        }
        touched = []
        return (added.sorted(), removed.sorted())
    }
}
