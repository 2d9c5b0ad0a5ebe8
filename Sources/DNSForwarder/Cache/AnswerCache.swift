internal import DNSWire
internal import Synchronization

/// Answers of upstreams, bounded in bytes; any thread. Cut into parts with a lock each, so that workers seldom meet.
final class AnswerCache: Sendable {
    private let shards: [Shard]

    /// Parts; a small cache has one, so that a part is never smaller than a few answers.
    static let shardCount = 16
    /// Bytes from which on there are parts.
    static let shardedFrom = 1 << 20

    private final class Shard: Sendable {
        let state: Mutex<CacheShard>
        init(_ shard: CacheShard) { state = Mutex(shard) }
    }

    init(policy: CachePolicy) {
        let count = policy.byteLimit >= Self.shardedFrom ? Self.shardCount : 1
        shards = (0..<count).map { _ in Shard(CacheShard(policy: policy, byteLimit: policy.byteLimit / count)) }
    }

    private func shard(_ question: ForwardedQuestion) -> Shard {
        // The last labels are common; the length and the first bytes tell names apart well enough to spread them.
        var mix = UInt64(question.question.type.rawValue) &+ UInt64(question.question.name.wire.count) &* 31
        for byte in question.question.name.wire.prefix(24) { mix = (mix ^ UInt64(byte | 0x20)) &* 0x100_0000_01B3 }
        return shards[Int(truncatingIfNeeded: (mix >> 32) & 0xFFFF) % shards.count]
    }

    func hit(_ question: ForwardedQuestion, now: Duration) -> CacheShard.Hit? {
        shard(question).state.withLock { $0.hit(question, now: now) }
    }

    func fresh(_ question: ForwardedQuestion, now: Duration) -> ForwardedAnswer? {
        shard(question).state.withLock { $0.fresh(question, now: now) }
    }

    func hasStale(_ question: ForwardedQuestion, now: Duration) -> Bool {
        shard(question).state.withLock { $0.hasStale(question, now: now) }
    }

    func takeStale(_ question: ForwardedQuestion, now: Duration) -> ForwardedAnswer? {
        shard(question).state.withLock { $0.takeStale(question, now: now) }
    }

    func store(_ answer: ForwardedAnswer, for question: ForwardedQuestion, now: Duration) {
        shard(question).state.withLock { $0.store(answer, for: question, now: now) }
    }

    var statistics: CacheStatistics {
        shards.reduce(CacheStatistics()) { sum, shard in sum + shard.state.withLock { $0.statistics } }
    }
}
