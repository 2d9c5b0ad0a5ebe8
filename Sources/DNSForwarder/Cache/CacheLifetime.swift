internal import DNSWire

/// How long an answer may be kept: pure, from the answer and the policy.
struct CacheLifetime: Equatable {
    /// CoreDNS's label `type` of the cache's metrics.
    enum Kind: Int, CaseIterable {
        case success
        case denial
    }

    var kind: Kind
    /// Not 0.
    var seconds: UInt32
    /// May be asked ahead of its end, and stand in for upstreams that fail.
    var isData: Bool

    /// Nil for what is not kept: a time to live of 0, a negative answer without SOA (RFC 2308 section 5), a response
    /// code that says nothing about the name, a class that is not the internet's.
    init?(of answer: ForwardedAnswer, to question: Question, policy: CachePolicy) {
        guard policy.byteLimit > 0, question.recordClass == .internet else { return nil }
        switch answer.responseCode {
        case .noError, .nameError:
            guard let seconds = Self.seconds(of: answer, to: question, policy: policy) else { return nil }
            kind = answer.isNegative(for: question) ? .denial : .success
            self.seconds = seconds
            isData = true
        case .serverFailure:
            guard policy.failureTimeToLive > 0 else { return nil }
            (kind, seconds, isData) = (.denial, policy.failureTimeToLive, false)
        default:
            return nil
        }
    }

    private static func seconds(
        of answer: ForwardedAnswer, to question: Question, policy: CachePolicy
    ) -> UInt32? {
        let records = answer.answers + answer.authorities + answer.additionals
        var least = records.map { timeToLive($0) }.min() ?? 0
        var most = policy.maximumTimeToLive
        if answer.isNegative(for: question) {
            let bounds = answer.authorities.compactMap { record -> UInt32? in
                guard case .soa(let soa) = record.data else { return nil }
                return min(timeToLive(record), soa.minimum)
            }
            guard let bound = bounds.min() else { return nil }
            least = min(least, bound)
            most = min(most, policy.maximumNegativeTimeToLive)
        }
        guard least > 0, most > 0 else { return nil }
        return min(max(least, policy.minimumTimeToLive), most)
    }

    /// A value with its highest bit set means 0 (RFC 2181 section 8).
    private static func timeToLive(_ record: ResourceRecord) -> UInt32 {
        record.timeToLive > UInt32(Int32.max) ? 0 : record.timeToLive
    }
}
