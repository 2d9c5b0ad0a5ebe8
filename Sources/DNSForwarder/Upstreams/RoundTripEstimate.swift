/// Smoothed round trip of one upstream (RFC 6298 section 2), with a penalty for silence that fades.
struct RoundTripEstimate: Equatable {
    private(set) var smoothed: Duration?
    private(set) var variation: Duration = .zero
    private var penalty: Duration = .zero
    private var penalisedAt: Duration = .zero

    /// The first silence costs this, each further one as much again as is left.
    static let firstPenalty: Duration = .milliseconds(400)
    static let penaltyLimit: Duration = .seconds(8)
    /// In this time a penalty halves: an upstream that is back is asked again within a minute.
    static let penaltyHalfLife: Duration = .seconds(10)
    /// An upstream that was never asked ranks as this: before slow ones, behind quick ones.
    static let unknown: Duration = .milliseconds(50)

    /// An answer took `time`: silence is forgotten.
    mutating func answered(after time: Duration) {
        penalty = .zero
        guard let old = smoothed else {
            smoothed = time
            variation = time / 2
            return
        }
        let difference = old > time ? old - time : time - old
        variation = (variation * 3 + difference) / 4
        smoothed = (old * 7 + time) / 8
    }

    /// No answer when one was due, or an error.
    mutating func wasSilent(at now: Duration) {
        penalty = min(max(Self.firstPenalty, remainingPenalty(at: now) * 2), Self.penaltyLimit)
        penalisedAt = now
    }

    func remainingPenalty(at now: Duration) -> Duration {
        let halves = Int((now - penalisedAt) / Self.penaltyHalfLife)
        return halves > 20 ? .zero : penalty / (1 << max(halves, 0))
    }

    /// What upstreams are ordered by.
    func rank(at now: Duration) -> Duration { (smoothed ?? Self.unknown) + remainingPenalty(at: now) }

    /// How long to wait before another is asked as well.
    func patience(_ limits: ForwarderLimits) -> Duration {
        guard let smoothed else { return limits.initialHedge }
        return min(max(smoothed + variation * 4, limits.minimumHedge), limits.maximumHedge)
    }
}
