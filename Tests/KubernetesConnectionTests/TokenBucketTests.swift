import KubernetesClient
import RandomTesting
import Testing

@testable import KubernetesConnection

@Suite struct TokenBucketTests {
    @Test("A burst passes, then one at a time") func burst() {
        var bucket = TokenBucket(perSecond: 2, burst: 3)
        let waits = (0..<5).map { _ in bucket.take(at: .zero) }
        #expect(waits == [.zero, .zero, .zero, .milliseconds(500), .seconds(1)])
    }

    @Test("What was not used comes back, up to the burst") func refill() {
        var bucket = TokenBucket(perSecond: 10, burst: 2)
        _ = (0..<2).map { _ in bucket.take(at: .zero) }
        #expect(bucket.take(at: .milliseconds(100)) == .zero)
        let waits = (0..<3).map { _ in bucket.take(at: .seconds(100)) }
        #expect(waits == [.zero, .zero, .milliseconds(100)])
    }

    @Test("A burst of nothing lets one pass") func noBurst() {
        var bucket = TokenBucket(perSecond: 1, burst: 0)
        let waits = (0..<2).map { _ in bucket.take(at: .zero) }
        #expect(waits == [.zero, .seconds(1)])
    }

    @Test("Over any time, no more pass than the rate and the burst allow") func property() {
        for seed in 0..<50 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let (rate, burst) = (Double.random(in: 0.5...50, using: &random), Int.random(in: 1...20, using: &random))
            var bucket = TokenBucket(perSecond: rate, burst: burst)
            var now = Duration.zero
            var sent: [Duration] = []
            for _ in 0..<200 {
                now += .milliseconds(Int.random(in: 0...200, using: &random))
                sent.append(now + bucket.take(at: now))
            }
            sent.sort()
            for (first, start) in sent.enumerated() {
                for (last, end) in sent.enumerated().dropFirst(first) {
                    let allowed = Double(burst) + ((end - start) / .seconds(1)) * rate + 1e-6
                    if Double(last - first + 1) > allowed + 1 {
                        #expect(Bool(false), "seed \(seed): \(last - first + 1) requests in \(end - start)")
                        return
                    }
                }
            }
        }
    }

    @Test("No limit holds nothing back, a limit waits on the clock") func pace() async throws {
        let clock = InstantClock()
        let free = RequestPace(perSecond: 0, burst: 0, time: Timing(clock))
        for _ in 0..<100 { try await free.wait() }
        #expect(clock.slept.isEmpty)
        let paced = RequestPace(perSecond: 1, burst: 2, time: Timing(clock))
        for _ in 0..<4 { try await paced.wait() }
        #expect(clock.slept == [.seconds(1), .seconds(1)])
    }
}
