/// Links of numbered members in lists from the one unused for longest to the one used last. Every change takes the same
/// time, however long the list is. A member is in one list of these links at most.
struct RecencyLinks {
    struct List {
        fileprivate(set) var oldest: Int?
        fileprivate(set) var newest: Int?
        fileprivate(set) var count = 0
    }

    private static let none: Int32 = -1
    private var links: [(older: Int32, newer: Int32)] = []

    mutating func append(_ member: Int, to list: inout List) {
        while links.count <= member { links.append((Self.none, Self.none)) }
        links[member] = (Int32(list.newest ?? -1), Self.none)
        if let newest = list.newest { links[newest].newer = Int32(member) } else { list.oldest = member }
        list.newest = member
        list.count += 1
    }

    mutating func remove(_ member: Int, from list: inout List) {
        let (older, newer) = links[member]
        if older == Self.none { list.oldest = newer == Self.none ? nil : Int(newer) } else { links[Int(older)].newer = newer }
        if newer == Self.none { list.newest = older == Self.none ? nil : Int(older) } else { links[Int(newer)].older = older }
        list.count -= 1
    }

    /// Makes it the one used last.
    mutating func touch(_ member: Int, in list: inout List) {
        if list.newest == member { return }
        remove(member, from: &list)
        append(member, to: &list)
    }
}
