extension [Double] {
    /// Nearest rank; 0 when there is none.
    package func percentile(_ share: Double) -> Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return 0 }
        let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
        return sorted[Swift.max(0, Swift.min(sorted.count - 1, index))]
    }

    package var median: Double { percentile(0.5) }
}
