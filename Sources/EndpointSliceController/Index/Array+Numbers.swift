extension Array {
    /// Puts an entry under a number that is free, else under the next one. O(1).
    ///
    /// - Parameter free: numbers whose entries have gone.
    mutating func place(_ entry: Element, free: inout [Int32]) -> Int32 {
        if let number = free.popLast() {
            self[Int(number)] = entry
            return number
        }
        append(entry)
        return Int32(count - 1)
    }
}
