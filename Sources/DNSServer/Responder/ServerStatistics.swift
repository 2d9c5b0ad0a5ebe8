package import ClusterZone
package import DNSWire
internal import NetworkTypes
internal import Synchronization

/// Counters of one thread that answers: that thread adds, any thread reads (each figure by itself is exact).
///
/// One block of words, each written with a plain load and store: no lock and no bus traffic on the way of a query.
package final class ServerStatistics: Sendable {
    let words: CounterBlock
    /// Replies to forwarded queries come from other threads: rare, and counted under a lock.
    let forwardedReplies = Mutex(Totals())

    /// Who asks, and for what.
    let sample = QuerySample()

    package init() { words = CounterBlock(count: Layout.wordCount) }

    /// Types that are counted by themselves, as CoreDNS does; others are `other`.
    package static let types: [RecordType] = [
        .a, .aaaa, .mx, .soa, .cname, .ptr, .txt, .ns, .srv, .ds, .dnskey, .rrsig, .https, .svcb, .naptr, .caa, .axfr,
        .ixfr, .any,
    ] + otherTypes

    /// NSEC, TLSA, CDS, CDNSKEY.
    private static let otherTypes = [47, 52, 59, 60].map { RecordType(rawValue: $0) }

    /// Upper bounds of CoreDNS's size buckets, in bytes.
    package static let sizeBounds: [Double] = [
        0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16e3, 32e3, 48e3, 64e3,
    ]
    /// Upper bounds of CoreDNS's duration buckets, in seconds: 0.00025 * 2^k.
    package static let durationBounds: [Double] = (0...15).map { 0.00025 * Double(1 << $0) }

    /// Where each counter is.
    enum Layout {
        static let typeCount = 24
        static let codeCount = 24
        static let sizeCount = 16
        static let durationCount = 18
        static let sections = 3
        static let paths = sections * 2

        // Section and transport and family, then type.
        static let requests = 0
        static let responses = requests + paths * 2 * typeCount
        static let requestSizes = responses + sections * codeCount
        static let responseSizes = requestSizes + paths * sizeCount
        static let durations = responseSizes + paths * sizeCount
        static let dnssecOK = durations + sections * durationCount
        static let truncated = dnssecOK + sections
        static let dropped = truncated + paths
        static let forwarded = dropped + 1
        static let unsent = forwarded + 1
        static let withheldNameErrors = unsent + 1
        static let truncatedNameErrors = withheldNameErrors + 1
        static let searches = truncatedNameErrors + 1
        static let wordCount = searches + 1

        @inline(__always) static func path(_ section: ZoneSection, _ transport: QueryTransport) -> Int {
            Int(section.rawValue) * 2 + Int(transport.rawValue)
        }
    }

    @inline(__always) func countDrop() { words.add(1, at: Layout.dropped) }

    @inline(__always) func count(
        _ query: ParsedQuery, _ transport: QueryTransport, _ family: IPFamily, requestByteCount: Int,
        outcome: ResponseOutcome
    ) {
        let path = Layout.path(outcome.section, transport)
        let type = Self.index(of: query.type)
        words.add(1, at: Layout.requests + (path * 2 + (family == .ipv4 ? 0 : 1)) * Layout.typeCount + type)
        countSize(requestByteCount, Layout.requestSizes + path * Layout.sizeCount)
        if query.dnssecOK { words.add(1, at: Layout.dnssecOK + Int(outcome.section.rawValue)) }
        if outcome.isForwarded { return words.add(1, at: Layout.forwarded) }
        if outcome.isWithheld { return words.add(1, at: Layout.withheldNameErrors) }
        words.add(
            1, at: Layout.responses + Int(outcome.section.rawValue) * Layout.codeCount
                + min(Int(outcome.responseCode.rawValue), Layout.codeCount - 1))
        countSize(outcome.byteCount, Layout.responseSizes + path * Layout.sizeCount)
        if outcome.isTruncated { words.add(1, at: Layout.truncated + path) }
    }

    /// Adds the time of a batch: every query of it waited until it was sent.
    package func countDuration(_ seconds: Double, queries: Int, section: ZoneSection) {
        guard queries > 0 else { return }
        let first = Layout.durations + Int(section.rawValue) * Layout.durationCount
        var bucket = 0
        var bound = 0.00025
        while bucket < 16, seconds > bound { (bucket, bound) = (bucket + 1, bound * 2) }
        words.add(UInt64(queries), at: first + bucket)
        // The sum in nanoseconds, in the last word.
        words.add(UInt64(max(seconds, 0) * 1e9) &* UInt64(queries), at: first + Layout.durationCount - 1)
    }

    func countTruncatedNameError() { words.add(1, at: Layout.truncatedNameErrors) }

    func countSearch() { words.add(1, at: Layout.searches) }

    /// Replies that the kernel refused.
    func countUnsent(_ count: Int) { words.add(UInt64(count), at: Layout.unsent) }

    @inline(__always) private func countSize(_ byteCount: Int, _ first: Int) {
        words.add(1, at: first + Self.sizeBucket(byteCount))
        words.add(UInt64(byteCount), at: first + Layout.sizeCount - 1)
    }

    @inline(__always) private static func sizeBucket(_ byteCount: Int) -> Int {
        // Nearly all are here.
        if byteCount <= 100 { return byteCount == 0 ? 0 : 1 }
        switch byteCount {
        case ...200: return 2
        case ...300: return 3
        case ...400: return 4
        case ...511: return 5
        case ...1023: return 6
        case ...2047: return 7
        case ...4095: return 8
        case ...8291: return 9
        case ...16_000: return 10
        case ...32_000: return 11
        case ...48_000: return 12
        case ...64_000: return 13
        default: return 14
        }
    }

    /// The place in `types`; the last for every other.
    @inline(__always) private static func index(of type: RecordType) -> Int {
        // By numbers, as most queries are A or AAAA: the compiler makes a jump of it.
        switch type.rawValue {
        case 1: 0
        case 28: 1
        case 15: 2
        case 6: 3
        case 5: 4
        case 12: 5
        case 16: 6
        case 2: 7
        case 33: 8
        case 43: 9
        case 48: 10
        case 46: 11
        case 65: 12
        case 64: 13
        case 35: 14
        case 257: 15
        case 252: 16
        case 251: 17
        case 255: 18
        case 47: 19
        case 52: 20
        case 59: 21
        case 60: 22
        default: Layout.typeCount - 1
        }
    }
}
