/// Schedulers that compare all backends and choose the one that does best; of equals the first
/// (ipvsadm(8); kernel: net/netfilter/ipvs/ip_vs_{lc,wlc,sed,nq}.c).
public enum LeastLoaded: String, Sendable, Hashable, CaseIterable {
    /// Of more backends only so many are compared, beginning at a random one, so that a connection costs no more however
    /// many there are.
    public static let comparedBackends = 128

    /// Fewest connections.
    case leastConnections = "lc"
    /// Fewest connections for its weight.
    case weightedLeastConnections = "wlc"
    /// Least (connections + 1) / weight: what the new connection would find.
    case shortestExpectedDelay = "sed"
    /// One without connections while there is one, else as `sed`.
    case neverQueue = "nq"

    /// Index of the chosen backend; nil when none takes connections.
    ///
    /// - Parameters:
    ///   - start: the backend that is looked at first; the others follow in order, round.
    ///   - limit: backends looked at, those that take no connections counted too.
    public func pick(_ loads: [BackendLoad], startingAt start: Int = 0, comparing limit: Int = .max) -> Int? {
        pick(of: loads.count, startingAt: start, comparing: limit) { loads[$0] }
    }

    /// The same, where the loads are read one by one, each once.
    public func pick(
        of count: Int, startingAt start: Int = 0, comparing limit: Int = .max, load: (Int) -> BackendLoad
    ) -> Int? {
        var best: (index: Int, load: BackendLoad)?
        var index = start
        for _ in 0..<min(count, limit) {
            if index >= count { index -= count }
            let load = load(index)
            if load.takesConnections, best.map({ isBetter(load, than: $0.load) }) ?? true { best = (index, load) }
            index += 1
        }
        return best?.index
    }

    private func isBetter(_ one: BackendLoad, than other: BackendLoad) -> Bool {
        let (mine, theirs) = (cost(one), cost(other))
        return mine.connections.multipliedFullWidth(by: theirs.weight) < theirs.connections.multipliedFullWidth(by: mine.weight)
    }

    /// A quotient.
    private func cost(_ load: BackendLoad) -> (connections: UInt64, weight: UInt64) {
        let weight = UInt64(load.weight)
        switch self {
        case .leastConnections: return (load.connections, 1)
        case .weightedLeastConnections: return (load.connections, weight)
        case .shortestExpectedDelay: return (load.connections + 1, weight)
        case .neverQueue: return (load.connections == 0 ? 0 : load.connections + 1, weight)
        }
    }
}
