internal import DNSWire

/// All upstreams with what is known of them, and which of them a name may be asked of.
struct UpstreamTable {
    private(set) var states: [UpstreamState] = []
    private var defaults: [Int] = []
    private var stubs: [DomainName: [Int]] = [:]
    let limits: ForwarderLimits

    /// One question in so many goes first to an upstream that is not the quickest, to learn whether it still is.
    static let explorationShare: UInt64 = 32

    init(_ configuration: ForwarderConfiguration) {
        limits = configuration.limits
        for upstream in configuration.upstreams { defaults.append(index(of: upstream)) }
        for stub in configuration.stubDomains {
            for upstream in stub.upstreams { stubs[stub.domain, default: []].append(index(of: upstream)) }
            if stub.upstreams.isEmpty { stubs[stub.domain] = [] }
        }
    }

    private mutating func index(of upstream: UpstreamAddress) -> Int {
        if let known = states.firstIndex(where: { $0.address == upstream }) { return known }
        states.append(UpstreamState(upstream))
        return states.count - 1
    }

    subscript(_ upstream: Int) -> UpstreamState {
        get { states[upstream] }
        set { states[upstream] = newValue }
    }

    /// Indexes of the upstreams for a name: those of the longest stub domain around it, else the general ones. A stub
    /// domain without upstreams has none: its names go nowhere else.
    func candidates(for name: DomainName) -> [Int] {
        guard !stubs.isEmpty else { return defaults }
        var ancestor: DomainName? = name
        while let domain = ancestor {
            if let stub = stubs[domain] { return stub }
            ancestor = domain.parent
        }
        return defaults
    }

    /// Candidates in the order in which to ask: by smoothed round trip and penalty, seldom another one first.
    func order(
        for name: DomainName, now: Duration, random: inout some RandomNumberGenerator
    ) -> [Int] {
        var order = candidates(for: name)
        // Shuffled first, so that equals share the load.
        order.shuffle(using: &random)
        order.sort { states[$0].estimate.rank(at: now) < states[$1].estimate.rank(at: now) }
        if order.count > 1, random.next(upperBound: Self.explorationShare) == 0 {
            order.swapAt(0, Int.random(in: 1..<order.count, using: &random))
        }
        return order
    }

    var statistics: [UpstreamStatistics] {
        states.map { state in
            var statistics = state.statistics
            statistics.smoothedRoundTrip = state.estimate.smoothed.map { $0 / .seconds(1) }
            return statistics
        }
    }
}
