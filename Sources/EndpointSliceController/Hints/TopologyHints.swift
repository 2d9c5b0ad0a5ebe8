/// Chooses the zone that each ready endpoint of a Service and family serves. Pure.
///
/// Follows the topology cache of k8s.io/endpointslice: a hint that is still right stays; an endpoint
/// without one serves its own zone; then those are moved, from the zones with more than their share
/// of CPU to those with less. Other than there, an endpoint that serves a foreign zone returns before
/// any other is moved to its zone, and earlier hints are moved, too, where only that keeps a zone
/// from overload.
struct TopologyHints {
    /// A ready endpoint: its zone, and the zone of its one hint so far.
    struct Candidate {
        let zone: String
        let hint: String?
    }

    private struct Route: Hashable {
        let from: Int
        let to: Int
    }

    private let shares: ZoneShares
    /// The index of each endpoint's own zone, nil when no node that counts is there.
    private let home: [Int?]
    /// The index of the zone each serves.
    private var serves: [Int?]
    private var counts: [Int]
    /// Endpoints that serve a foreign zone, by that and their own.
    private var returning: [Route: [Int]] = [:]
    /// Endpoints by the zone they serve, those to be moved first last: without and with an earlier
    /// hint. A stale entry is one whose endpoint serves another zone by now.
    private var fresh: [[Int]]
    private var settled: [[Int]]

    /// The zone for each candidate, in their order.
    static func assign(_ candidates: [Candidate], _ shares: ZoneShares) -> [String] {
        var hints = TopologyHints(candidates, shares)
        hints.balance()
        hints.preventOverload()
        return hints.serves.map { $0.map { shares.zones[$0] } ?? "" }
    }

    private init(_ candidates: [Candidate], _ shares: ZoneShares) {
        let index = Dictionary(uniqueKeysWithValues: shares.zones.enumerated().map { ($0.element, $0.offset) })
        let hinted = candidates.map { $0.hint.flatMap { index[$0] } }
        self.shares = shares
        home = candidates.map { index[$0.zone] }
        serves = Array(repeating: nil, count: candidates.count)
        counts = Array(repeating: 0, count: shares.zones.count)
        fresh = Array(repeating: [], count: shares.zones.count)
        settled = fresh
        // Who serves its own zone has the better claim to what a zone may have at most.
        for isOwn in [true, false] {
            for (endpoint, zone) in hinted.enumerated() {
                guard let zone, (home[endpoint] == zone) == isOwn, counts[zone] < shares.most[zone] else { continue }
                place(endpoint, zone)
                settled[zone].append(endpoint)
            }
        }
        for (endpoint, zone) in home.enumerated() where serves[endpoint] == nil {
            guard let zone else { continue }
            place(endpoint, zone)
            fresh[zone].append(endpoint)
        }
        for endpoint in serves.indices where serves[endpoint] == nil {
            let zone = poorest()
            place(endpoint, zone)
            fresh[zone].append(endpoint)
        }
    }

    /// Brings zones towards their shares with endpoints that have no earlier hint.
    private mutating func balance() {
        var exhausted: Set<Int> = []
        while let giver = richest(where: { !exhausted.contains($0) && surplus($0) >= shares.one }) {
            let receiver = poorest()
            guard surplus(receiver) < 0 else { return }
            if let endpoint = takeReturning(from: giver, to: receiver) ?? takeFresh(from: giver) {
                move(endpoint, to: receiver)
            } else {
                exhausted.insert(giver)
            }
        }
    }

    /// Gives every zone its least. Ends: each move makes one shortage smaller and no other greater.
    private mutating func preventOverload() {
        for receiver in counts.indices {
            while counts[receiver] < shares.least[receiver],
                let giver = richest(where: { counts[$0] > shares.least[$0] }),
                let endpoint = takeReturning(from: giver, to: receiver) ?? takeFresh(from: giver)
                    ?? takeSettled(from: giver)
            {
                move(endpoint, to: receiver)
            }
        }
    }

    private func surplus(_ zone: Int) -> Int128 { shares.surplus(zone, counts[zone]) }

    /// The zone furthest below its share; of equal ones the first by name.
    private func poorest() -> Int {
        counts.indices.min { surplus($0) < surplus($1) } ?? 0
    }

    private func richest(where isFit: (Int) -> Bool) -> Int? {
        counts.indices.filter(isFit).min { surplus($0) > surplus($1) }
    }

    private mutating func place(_ endpoint: Int, _ zone: Int) {
        serves[endpoint] = zone
        counts[zone] += 1
        if let home = home[endpoint], home != zone { returning[Route(from: zone, to: home), default: []].append(endpoint) }
    }

    private mutating func move(_ endpoint: Int, to zone: Int) {
        if let old = serves[endpoint] { counts[old] -= 1 }
        place(endpoint, zone)
        fresh[zone].append(endpoint)
    }

    private mutating func takeReturning(from giver: Int, to receiver: Int) -> Int? {
        Self.take(&returning[Route(from: giver, to: receiver), default: []], serves, giver)
    }

    private mutating func takeFresh(from giver: Int) -> Int? { Self.take(&fresh[giver], serves, giver) }
    private mutating func takeSettled(from giver: Int) -> Int? { Self.take(&settled[giver], serves, giver) }

    private static func take(_ list: inout [Int], _ serves: [Int?], _ zone: Int) -> Int? {
        while let endpoint = list.popLast() {
            if serves[endpoint] == zone { return endpoint }
        }
        return nil
    }
}
