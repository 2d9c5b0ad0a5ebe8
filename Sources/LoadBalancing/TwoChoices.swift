/// Of two drawn at random the one with fewer connections for its weight (Mitzenmacher, "The Power of Two Choices in
/// Randomized Load Balancing", 2001).
public enum TwoChoices {
    /// Index of the chosen backend; of equals the one drawn first. Two different ones are drawn, evenly among all, and
    /// one that takes no connections loses; nil when neither takes any.
    public static func pick(_ loads: [BackendLoad], using random: inout some RandomNumberGenerator) -> Int? {
        if loads.isEmpty { return nil }
        let first = Int.random(in: loads.indices, using: &random)
        if loads.count == 1 { return loads[first].takesConnections ? first : nil }
        let second = (first + Int.random(in: 1..<loads.count, using: &random)) % loads.count
        let pair = [loads[first], loads[second]]
        return LeastLoaded.weightedLeastConnections.pick(pair).map { $0 == 0 ? first : second }
    }
}
