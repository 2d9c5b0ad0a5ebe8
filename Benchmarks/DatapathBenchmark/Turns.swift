extension Range<Int> {
    /// Forwards and backwards in turn, so that a machine that becomes faster or slower does it to all alike.
    func turned(_ round: Int) -> [Int] { round.isMultiple(of: 2) ? Array(self) : reversed() }
}
