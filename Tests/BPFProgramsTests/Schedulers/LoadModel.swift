import CBPFMaps

/// What lc, wlc, sed and nq are to choose, in the words of their definitions.
struct LoadModel {
    var scheduler: fw_scheduler
    var weights: [UInt64]
    var connections: [UInt64]

    /// Index of the backend that a new connection goes to: the first of the best; nil when none has a weight.
    func choice() -> Int? {
        let candidates = weights.indices.filter { weights[$0] > 0 }
        if scheduler == FW_NEVER_QUEUE, let idle = candidates.first(where: { connections[$0] == 0 }) { return idle }
        return candidates.min { isBetter($0, than: $1) }
    }

    /// `min` keeps the first of equals.
    private func isBetter(_ one: Int, than other: Int) -> Bool {
        let arriving: UInt64 = scheduler == FW_SHORTEST_EXPECTED_DELAY || scheduler == FW_NEVER_QUEUE ? 1 : 0
        if scheduler == FW_LEAST_CONNECTIONS { return connections[one] < connections[other] }
        return (connections[one] + arriving) * weights[other] < (connections[other] + arriving) * weights[one]
    }
}
