internal import LoadBalancing
internal import ServiceTable

extension Scheduler {
    /// The backends as places of equal right, each as often as its share of the weights (`LoadBalancing`). Each once when
    /// weights do not count.
    func slots(of backends: [Backend]) -> [Backend] {
        guard usesWeights else { return backends.filter { $0.weight > 0 } }
        return WeightedSlots.slots(of: backends.map(\.weight)).map { backends[$0] }
    }
}
