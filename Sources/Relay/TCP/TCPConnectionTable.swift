/// The connections of one worker, found by their tokens. A token of one that has ended finds nothing, also when another
/// has its place.
struct TCPConnectionTable {
    private struct Slot {
        var connection: TCPConnection?
        var generation: UInt32 = 0
    }

    private var slots: [Slot] = []
    private var free: [Int] = []

    var count: Int { slots.count - free.count }

    /// The key of the next one that is inserted; nil: there are as many as tokens can tell apart.
    mutating func nextKey() -> TCPToken? {
        if let index = free.last {
            return TCPToken(.client, index: index, generation: slots[index].generation)
        }
        return slots.count < TCPToken.indexLimit ? TCPToken(.client, index: slots.count) : nil
    }

    /// - Precondition: its key is that of `nextKey`, asked just now.
    mutating func insert(_ connection: TCPConnection) {
        let index = connection.key.index
        if free.last == index {
            free.removeLast()
        } else {
            precondition(index == slots.count)
            slots.append(Slot())
        }
        slots[index].connection = connection
    }

    mutating func remove(_ connection: TCPConnection) {
        let index = connection.key.index
        precondition(slots[index].connection === connection)
        slots[index].connection = nil
        slots[index].generation = (slots[index].generation + 1) & TCPToken.generationMask
        free.append(index)
    }

    subscript(token: TCPToken) -> TCPConnection? {
        let index = token.index
        guard index < slots.count, slots[index].generation == token.generation else { return nil }
        return slots[index].connection
    }

    /// All of them as they are now: O(n), for what happens seldom.
    var all: [TCPConnection] { slots.compactMap(\.connection) }
}
