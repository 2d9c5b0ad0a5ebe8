internal import DNSWire

/// An answer as the cache keeps it, with what is known of its use.
struct CachedAnswer {
    var answer: ForwardedAnswer
    var lifetime: CacheLifetime
    var storedAt: Duration
    var hits: UInt32 = 0
    /// It is being asked again ahead of its end.
    var isRefreshing = false
    /// Upstreams failed to renew it: until then it is handed out without asking (RFC 8767, failure recheck timer).
    var failedUntil: Duration?
    /// Used since the hand of the clock passed.
    var isReferenced = true
    let cost: Int

    init(_ answer: ForwardedAnswer, lifetime: CacheLifetime, storedAt: Duration, cost: Int) {
        self.answer = answer
        self.lifetime = lifetime
        self.storedAt = storedAt
        self.cost = cost
    }

    var endsAt: Duration { storedAt + .seconds(Int64(lifetime.seconds)) }

    func isFresh(at now: Duration) -> Bool { now < endsAt }

    /// Expired, and still good enough to stand in.
    func isStale(at now: Duration, policy: CachePolicy) -> Bool {
        lifetime.isData && !isFresh(at: now) && now < endsAt + .seconds(Int64(policy.staleTime))
    }

    /// Popular, near its end, and nobody asks yet.
    func wantsPrefetch(at now: Duration, policy: CachePolicy) -> Bool {
        guard policy.prefetchHits > 0, hits >= policy.prefetchHits, !isRefreshing, lifetime.isData,
            lifetime.seconds >= policy.prefetchMinimumTimeToLive
        else { return false }
        return endsAt - now <= Duration.seconds(Int64(lifetime.seconds)) * policy.prefetchPercentage / 100
    }

    /// The answer with its times counted down. A negative answer ends as a whole (RFC 2308 section 5).
    func aged(at now: Duration, policy: CachePolicy) -> ForwardedAnswer {
        let age = UInt32(clamping: max((now - storedAt).components.seconds, 0))
        let left = lifetime.seconds - min(age, lifetime.seconds)
        if lifetime.kind == .denial { return withTimes { _ in left } }
        return withTimes { time in
            let most = min(time, policy.maximumTimeToLive)
            return max(most - min(age, most), left)
        }
    }

    /// The answer for want of a newer one (RFC 8767 section 4).
    func stale(policy: CachePolicy) -> ForwardedAnswer {
        var result = withTimes { _ in policy.staleTimeToLive }
        result.extendedErrorCode = ExtendedErrorCode.staleAnswer
        result.extendedErrorText = ""
        return result
    }

    private func withTimes(_ time: (UInt32) -> UInt32) -> ForwardedAnswer {
        var result = answer
        for index in result.answers.indices { result.answers[index].timeToLive = time(result.answers[index].timeToLive) }
        for index in result.authorities.indices {
            result.authorities[index].timeToLive = time(result.authorities[index].timeToLive)
        }
        for index in result.additionals.indices {
            result.additionals[index].timeToLive = time(result.additionals[index].timeToLive)
        }
        return result
    }

    /// Bytes that an answer is taken to occupy: its names and data, and a constant for each allocation.
    static func cost(of answer: ForwardedAnswer, to question: ForwardedQuestion) -> Int {
        let records = answer.answers + answer.authorities + answer.additionals
        let bytes = records.reduce(0) { $0 + recordOverhead + $1.name.wire.count + cost(of: $1.data) }
        return entryOverhead + question.question.name.wire.count + answer.extendedErrorText.utf8.count + bytes
    }

    /// Key, dictionary slot, place in the ring, three arrays.
    static let entryOverhead = 400
    /// Element of an array and the storage of its name.
    static let recordOverhead = 128

    private static func cost(of data: RecordData) -> Int {
        switch data {
        case .address: 0
        case .ns(let name), .cname(let name), .ptr(let name): name.wire.count + 32
        case .soa(let soa): soa.primaryServer.wire.count + soa.mailbox.wire.count + 96
        case .srv(let location): location.target.wire.count + 48
        case .txt(let texts): texts.reduce(32) { $0 + $1.count + 32 }
        case .hinfo(let cpu, let os): cpu.count + os.count + 64
        case .opaque(_, let bytes): bytes.count + 32
        }
    }
}
