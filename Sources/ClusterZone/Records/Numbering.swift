/// Small numbers for long keys, given again once they are free.
struct Numbering<Key: Hashable & Sendable>: Sendable {
    private var numbers: [Key: Int32] = [:]
    private var keys: [Key?] = []
    private var free: [Int32] = []

    subscript(key: Key) -> Int32? { numbers[key] }

    /// Nil for a number that is free.
    func key(_ number: Int32) -> Key? { keys[Int(number)] }

    /// The key's number, a new one if it has none.
    mutating func number(_ key: Key) -> Int32 {
        if let number = numbers[key] { return number }
        let number = free.popLast() ?? Int32(keys.count)
        if Int(number) == keys.count { keys.append(key) } else { keys[Int(number)] = key }
        numbers[key] = number
        return number
    }

    mutating func remove(_ key: Key) {
        guard let number = numbers.removeValue(forKey: key) else { return }
        keys[Int(number)] = nil
        free.append(number)
    }
}
