extension Array where Element: Comparable {
    /// The elements in ascending order, each once.
    func sortedDistinct() -> [Element] {
        guard count > 1 else { return self }
        var result: [Element] = []
        result.reserveCapacity(count)
        for element in sorted() where result.last != element { result.append(element) }
        return result
    }
}
