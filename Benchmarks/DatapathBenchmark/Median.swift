extension [Double] {
    /// Nearest rank in sorted values; 0 when there is none.
    func rank(_ share: Double) -> Double {
        guard !isEmpty else { return 0 }
        let index = Int((share * Double(count)).rounded(.up)) - 1
        return self[Swift.max(0, Swift.min(count - 1, index))]
    }

    var median: Double { sorted().rank(0.5) }
}

extension Range<Int> {
    /// Forwards and backwards in turn, so that a machine that becomes faster or slower does it to all alike.
    func turned(_ round: Int) -> [Int] { round.isMultiple(of: 2) ? Array(self) : reversed() }
}
