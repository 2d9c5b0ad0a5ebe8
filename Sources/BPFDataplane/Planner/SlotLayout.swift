internal import LoadBalancing
internal import ServiceTable

extension Scheduler {
    /// What the slots of a set stand for, as indexes into its backends. Those of weight 0 have none.
    func slotLayout(of backends: [Backend]) -> [Int] {
        switch self {
        case .maglev:
            MaglevTable(
                backends.map { MaglevTable.Entry(address: $0.address, port: $0.port, weight: $0.weight) }
            ).slots
        case .random, .weightedRoundRobin, .sourceHash, .destinationHash:
            WeightedSlots.slots(of: backends.map(\.weight))
        // The kernel compares connections and weights itself.
        case .roundRobin, .leastConnections, .weightedLeastConnections, .shortestExpectedDelay, .neverQueue, .twoChoices:
            backends.indices.filter { backends[$0].weight > 0 }
        }
    }
}
