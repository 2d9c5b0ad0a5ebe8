internal import NetworkTypes

/// Which connections there are, whose they are, and which have been idle longest: no I/O.
///
/// Idle ones are linked in the order in which they became so. Everything is O(1), but for a client at its own limit:
/// there the idle ones are walked for its oldest.
struct TCPConnectionTable<Connection: Sendable>: Sendable {
    /// A place in the table; never equal to that of another connection, even after it was given up.
    struct Token: Sendable, Hashable {
        fileprivate var index: Int
        fileprivate var generation: UInt64
    }

    enum Admission: Sendable {
        /// Welcome; where there is one, `evicted` has lost its place and has to be closed.
        case admitted(Token, evicted: Connection?)
        case refused
    }

    private struct Slot: Sendable {
        var generation: UInt64
        var client: IPAddress
        /// Nil: free.
        var connection: Connection?
        var isIdle = false
        var older: Int?
        var newer: Int?
    }

    let limit: Int
    let limitPerClient: Int
    private(set) var count = 0
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var clients: [IPAddress: Int] = [:]
    private var oldest: Int?
    private var newest: Int?
    private var generation: UInt64 = 0

    init(limit: Int, limitPerClient: Int) {
        self.limit = limit
        self.limitPerClient = limitPerClient
    }

    func count(of client: IPAddress) -> Int { clients[client] ?? 0 }

    /// Every connection that has a place.
    var connections: [Connection] { slots.compactMap(\.connection) }

    /// Asks for a place. A new connection counts as idle.
    mutating func admit(_ connection: Connection, from client: IPAddress) -> Admission {
        var evicted: Connection?
        if count(of: client) >= limitPerClient {
            guard let victim = oldestIdle(of: client) else { return .refused }
            evicted = release(victim)
        } else if count >= limit {
            guard let victim = oldest else { return .refused }
            evicted = release(victim)
        }
        generation += 1
        let slot = Slot(generation: generation, client: client, connection: connection)
        let index = free.popLast() ?? slots.count
        if index == slots.count { slots.append(slot) } else { slots[index] = slot }
        clients[client, default: 0] += 1
        count += 1
        link(index)
        return .admitted(Token(index: index, generation: generation), evicted: evicted)
    }

    /// The connection does something: it is the youngest of the idle ones now, or busy.
    ///
    /// - Returns: false when it has lost its place.
    mutating func touch(_ token: Token, isIdle: Bool) -> Bool {
        guard holds(token) else { return false }
        unlink(token.index)
        if isIdle { link(token.index) }
        return true
    }

    /// Gives a place up; nothing happens when it is lost already.
    mutating func remove(_ token: Token) {
        if holds(token) { _ = release(token.index) }
    }

    private func holds(_ token: Token) -> Bool {
        slots[token.index].generation == token.generation && slots[token.index].connection != nil
    }

    private func oldestIdle(of client: IPAddress) -> Int? {
        var index = oldest
        while let current = index, slots[current].client != client { index = slots[current].newer }
        return index
    }

    private mutating func release(_ index: Int) -> Connection? {
        unlink(index)
        let client = slots[index].client
        let left = count(of: client) - 1
        clients[client] = left == 0 ? nil : left
        count -= 1
        free.append(index)
        defer { slots[index].connection = nil }
        return slots[index].connection
    }

    private mutating func link(_ index: Int) {
        slots[index].isIdle = true
        slots[index].older = newest
        slots[index].newer = nil
        if let newest { slots[newest].newer = index } else { oldest = index }
        newest = index
    }

    private mutating func unlink(_ index: Int) {
        guard slots[index].isIdle else { return }
        let (older, newer) = (slots[index].older, slots[index].newer)
        if let older { slots[older].newer = newer } else { oldest = newer }
        if let newer { slots[newer].older = older } else { newest = older }
        slots[index].isIdle = false
    }
}
