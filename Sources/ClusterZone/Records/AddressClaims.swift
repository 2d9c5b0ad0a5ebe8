internal import NetworkTypes

/// Who has an address: numbers of Services, or of namespaces. A claimant may have an address several times.
///
/// 8 to 12 bytes an IPv4 address that one claimant has: there are as many as endpoints.
struct AddressClaims: Sendable {
    private var v4 = ClaimTable<UInt32>()
    private var v6 = ClaimTable<UInt128>()

    mutating func add(_ claimant: Int32, to address: IPAddress) {
        if let bits = address.v4 { v4.add(claimant, to: bits) } else { v6.add(claimant, to: address.bits) }
    }

    /// - Precondition: the claimant has the address.
    mutating func remove(_ claimant: Int32, from address: IPAddress) {
        if let bits = address.v4 { v4.remove(claimant, from: bits) } else { v6.remove(claimant, from: address.bits) }
    }

    /// In no particular order.
    func claimants(of address: IPAddress) -> [Int32] {
        if let bits = address.v4 { v4.claimants(of: bits) } else { v6.claimants(of: address.bits) }
    }
}

/// Claims on keys of one type: the sole claimant stands in the table itself, several in a list beside it.
struct ClaimTable<Key: Hashable & Sendable>: Sendable {
    /// A claimant's number, or the complement of an index of `lists`.
    private var table: [Key: Int32] = [:]
    private var lists: [[Int32]] = []
    private var freeLists: [Int32] = []

    mutating func add(_ claimant: Int32, to key: Key) {
        guard let value = table[key] else {
            table[key] = claimant
            return
        }
        if value < 0 {
            lists[Int(~value)].append(claimant)
        } else {
            table[key] = ~insert([value, claimant])
        }
    }

    mutating func remove(_ claimant: Int32, from key: Key) {
        guard let value = table[key] else { preconditionFailure("nobody claims this address") }
        guard value < 0 else {
            precondition(value == claimant, "another claims this address")
            table[key] = nil
            return
        }
        let index = Int(~value)
        guard let position = lists[index].firstIndex(of: claimant) else {
            preconditionFailure("others claim this address")
        }
        lists[index].remove(at: position)
        if lists[index].count == 1 {
            table[key] = lists[index][0]
            lists[index] = []
            freeLists.append(~value)
        }
    }

    func claimants(of key: Key) -> [Int32] {
        guard let value = table[key] else { return [] }
        return value < 0 ? lists[Int(~value)] : [value]
    }

    private mutating func insert(_ list: [Int32]) -> Int32 {
        if let free = freeLists.popLast() {
            lists[Int(free)] = list
            return free
        }
        lists.append(list)
        return Int32(lists.count - 1)
    }
}
