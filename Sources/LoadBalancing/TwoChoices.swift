/// Of two drawn at random the one with fewer connections for its weight (Mitzenmacher, "The Power of Two Choices in
/// Randomized Load Balancing", 2001).
public enum TwoChoices {
    /// Index of the chosen backend; of equals the one drawn first. Two different ones are drawn, evenly among all, and
    /// one that takes no connections loses; nil when neither takes any.
    public static func pick(_ loads: [BackendLoad], using random: inout some RandomNumberGenerator) -> Int? {
        pick(of: loads.count, using: &random) { loads[$0] }
    }

    /// The same, where the loads are read one by one.
    public static func pick(
        of count: Int, using random: inout some RandomNumberGenerator, load: (Int) -> BackendLoad
    ) -> Int? {
        if count == 0 { return nil }
        let first = Int.random(in: 0..<count, using: &random)
        if count == 1 { return load(first).takesConnections ? first : nil }
        let second = (first + Int.random(in: 1..<count, using: &random)) % count
        let best = LeastLoaded.weightedLeastConnections.pick(of: 2) { load($0 == 0 ? first : second) }
        return best.map { $0 == 0 ? first : second }
    }
}
