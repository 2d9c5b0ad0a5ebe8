/// Backends as places of equal right, each as often as its share of the weights, so that one drawn at random or in
/// turn is weighted.
public enum WeightedSlots {
    /// At most about so many places for one set: each is an element in the kernel. Weights that would need more keep
    /// their proportion to one part in this many.
    public static let limit = 1024

    /// First every backend that has a weight once, in order, so that the order can be read back; then the rest spread
    /// evenly (smooth weighted round robin), so that drawing places in turn alternates. Equal weights: each once.
    ///
    /// - Returns: indexes into `weights`; at most `limit` and one more for each backend. Nothing of weight 0.
    public static func slots(of weights: [UInt16], limit: Int = WeightedSlots.limit) -> [Int] {
        var slots = weights.indices.filter { weights[$0] > 0 }
        guard let first = slots.first, slots.contains(where: { weights[$0] != weights[first] }) else { return slots }
        let shares = shares(weights.map(Int.init), limit: limit).map { max(0, $0 - 1) }
        let total = shares.reduce(0, +)
        slots.reserveCapacity(slots.count + total)
        // Each turn every backend gains its share, the richest is next and pays the total.
        var credit = [Int](repeating: 0, count: weights.count)
        for _ in 0..<total {
            var richest = 0
            for index in credit.indices {
                credit[index] += shares[index]
                if credit[index] > credit[richest] { richest = index }
            }
            credit[richest] -= total
            slots.append(richest)
        }
        return slots
    }

    /// The smallest whole numbers in the proportion of the weights; beyond the limit, near it, and none that has a
    /// weight without a place.
    private static func shares(_ weights: [Int], limit: Int) -> [Int] {
        let divisor = weights.reduce(0, greatestCommonDivisor)
        let sum = weights.reduce(0, +)
        guard divisor > 0 else { return weights }
        if sum / divisor <= limit { return weights.map { $0 / divisor } }
        return weights.map { $0 == 0 ? 0 : max(1, $0 * limit / sum) }
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}
