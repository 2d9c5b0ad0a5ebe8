/// One part of the cache: a table, and a ring for the clock algorithm (an entry that was used since the hand passed is
/// spared once), which is near to least recently used and costs a hit one flag.
struct CacheShard {
    let policy: CachePolicy
    /// Bytes of this part at most.
    let byteLimit: Int
    private(set) var statistics = CacheStatistics()
    private var places: [ForwardedQuestion: Int] = [:]
    private var ring: [(question: ForwardedQuestion, entry: CachedAnswer)] = []
    private var hand = 0

    /// One answer takes at most this part of a shard: a larger one would empty it.
    static let largestShare = 4

    init(policy: CachePolicy, byteLimit: Int) {
        self.policy = policy
        self.byteLimit = byteLimit
    }

    /// What a question gets from here, and whether it is time to ask again.
    struct Hit {
        var answer: ForwardedAnswer
        var wantsPrefetch: Bool
    }

    /// A fresh answer; or a stale one while upstreams are known to fail.
    mutating func hit(_ question: ForwardedQuestion, now: Duration) -> Hit? {
        guard let place = places[question] else { return miss() }
        if ring[place].entry.isFresh(at: now) { return freshHit(place, now: now) }
        let entry = ring[place].entry
        guard let failedUntil = entry.failedUntil, now < failedUntil, entry.isStale(at: now, policy: policy) else {
            return miss()
        }
        ring[place].entry.isReferenced = true
        statistics.hits[entry.lifetime.kind.rawValue] += 1
        statistics.servedStale += 1
        return Hit(answer: entry.stale(policy: policy), wantsPrefetch: false)
    }

    private mutating func freshHit(_ place: Int, now: Duration) -> Hit {
        ring[place].entry.isReferenced = true
        ring[place].entry.hits &+= 1
        let entry = ring[place].entry
        statistics.hits[entry.lifetime.kind.rawValue] += 1
        let wantsPrefetch = entry.wantsPrefetch(at: now, policy: policy)
        if wantsPrefetch {
            ring[place].entry.isRefreshing = true
            statistics.prefetches += 1
        }
        return Hit(answer: entry.aged(at: now, policy: policy), wantsPrefetch: wantsPrefetch)
    }

    private mutating func miss() -> Hit? {
        statistics.misses += 1
        return nil
    }

    /// A fresh answer, without counting: another asker may have brought it a moment ago.
    func fresh(_ question: ForwardedQuestion, now: Duration) -> ForwardedAnswer? {
        guard let place = places[question], ring[place].entry.isFresh(at: now) else { return nil }
        return ring[place].entry.aged(at: now, policy: policy)
    }

    /// An answer could stand in.
    func hasStale(_ question: ForwardedQuestion, now: Duration) -> Bool {
        guard let place = places[question] else { return false }
        return ring[place].entry.isStale(at: now, policy: policy)
    }

    /// The answer that stands in when upstreams are late or fail.
    mutating func takeStale(_ question: ForwardedQuestion, now: Duration) -> ForwardedAnswer? {
        guard let place = places[question], ring[place].entry.isStale(at: now, policy: policy) else { return nil }
        statistics.servedStale += 1
        return ring[place].entry.stale(policy: policy)
    }

    /// Keeps an answer. One that may not be kept takes an older one along; a failure leaves an answer that can still be
    /// used, and is noted beside it.
    mutating func store(_ answer: ForwardedAnswer, for question: ForwardedQuestion, now: Duration) {
        if answer.isFailure, noteFailure(question, now: now) { return }
        remove(question)
        guard let lifetime = CacheLifetime(of: answer, to: question.question, policy: policy) else {
            statistics.drops += 1
            return
        }
        let cost = CachedAnswer.cost(of: answer, to: question)
        guard cost <= byteLimit / Self.largestShare else {
            statistics.drops += 1
            return
        }
        while statistics.bytes + cost > byteLimit, evictOne(now: now) {}
        places[question] = ring.count
        ring.append((question, CachedAnswer(answer, lifetime: lifetime, storedAt: now, cost: cost)))
        statistics.bytes += cost
        statistics.entries[lifetime.kind.rawValue] += 1
    }

    /// - Returns: an answer is there that goes on being used.
    private mutating func noteFailure(_ question: ForwardedQuestion, now: Duration) -> Bool {
        guard let place = places[question] else { return false }
        let entry = ring[place].entry
        guard entry.lifetime.isData, entry.isFresh(at: now) || entry.isStale(at: now, policy: policy) else {
            return false
        }
        ring[place].entry.isRefreshing = false
        // It had its turn; only more hits bring another.
        ring[place].entry.hits = 0
        ring[place].entry.failedUntil = now + .seconds(Int64(policy.failureTimeToLive))
        return true
    }

    private mutating func remove(_ question: ForwardedQuestion) {
        if let place = places[question] { remove(at: place) }
    }

    /// The last of the ring takes the place: order matters little, a shift of the whole ring would.
    private mutating func remove(at place: Int) {
        let gone = ring[place]
        places[gone.question] = nil
        let last = ring.removeLast()
        if place < ring.count {
            ring[place] = last
            places[last.question] = place
        }
        statistics.bytes -= gone.entry.cost
        statistics.entries[gone.entry.lifetime.kind.rawValue] -= 1
    }

    /// Moves the hand on to an entry that may go, and takes it out; false when there is none at all.
    private mutating func evictOne(now: Duration) -> Bool {
        while !ring.isEmpty {
            if hand >= ring.count { hand = 0 }
            guard ring[hand].entry.isReferenced, ring[hand].entry.isFresh(at: now) else { break }
            ring[hand].entry.isReferenced = false
            hand += 1
        }
        guard !ring.isEmpty else { return false }
        remove(at: hand)
        statistics.evictions += 1
        return true
    }
}
