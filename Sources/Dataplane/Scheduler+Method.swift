package import LoadBalancing
package import ServiceTable

extension Scheduler {
    package var method: SchedulingMethod {
        switch self {
        case .random: .random
        case .roundRobin: .inTurn
        case .weightedRoundRobin: .weightedInTurn
        case .leastConnections: .leastLoaded(.leastConnections)
        case .weightedLeastConnections: .leastLoaded(.weightedLeastConnections)
        case .shortestExpectedDelay: .leastLoaded(.shortestExpectedDelay)
        case .neverQueue: .leastLoaded(.neverQueue)
        case .sourceHash: .sourceHash
        case .destinationHash: .destinationHash
        case .maglev: .maglev
        case .twoChoices: .twoChoices
        }
    }
}
