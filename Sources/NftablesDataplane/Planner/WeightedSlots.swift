internal import ServiceTable

extension Scheduler {
    /// At most so many places for the backends of one set.
    private static let slotLimit = 1024

    /// The backends as places of equal right, each as often as its share of the weights: first every
    /// backend once, in order, so that the order can be read back; then the rest spread evenly, so that
    /// drawing places in turn alternates. The backends themselves when weights do not count.
    func slots(of backends: [Backend]) -> [Backend] {
        guard usesWeights, let first = backends.first, backends.contains(where: { $0.weight != first.weight }) else {
            return backends
        }
        var slots = backends.filter { $0.weight > 0 }
        let shares = Self.shares(backends.map { Int($0.weight) }).map { max(0, $0 - 1) }
        let total = shares.reduce(0, +)
        // Smooth weighted round robin: each turn every backend gains its share, the richest is next and
        // pays the total.
        var credit = [Int](repeating: 0, count: backends.count)
        slots.reserveCapacity(slots.count + total)
        for _ in 0..<total {
            var richest = 0
            for index in credit.indices {
                credit[index] += shares[index]
                if credit[index] > credit[richest] { richest = index }
            }
            credit[richest] -= total
            slots.append(backends[richest])
        }
        return slots
    }

    /// The smallest whole numbers in the proportion of the weights; beyond the limit, near it, and none
    /// that has a weight without a place.
    private static func shares(_ weights: [Int]) -> [Int] {
        let divisor = weights.reduce(0, greatestCommonDivisor)
        let sum = weights.reduce(0, +)
        guard divisor > 0 else { return weights }
        if sum / divisor <= slotLimit { return weights.map { $0 / divisor } }
        return weights.map { $0 == 0 ? 0 : max(1, $0 * slotLimit / sum) }
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}
