internal import ClusterZone
internal import DNSWire
internal import NetworkTypes

/// What one thread remembers beside its zone: for the limit of NXDOMAIN answers, samples, the query log and searches. Each
/// is off or costs a countdown for a query.
struct QueryWatch: Sendable {
    /// NXDOMAIN answers are looked at once more.
    let checksNameErrors: Bool
    /// The client's address matters for every query.
    let needsEveryClient: Bool
    var limiter: NameErrorLimiter?
    let lane: QueryLogLane?
    /// When the queries that are being answered were read.
    var instant = ContinuousClock.now
    /// Queries until the next that is looked at after its answer.
    var untilObserved: Int
    /// A search that goes on at other servers.
    var walk: SearchWalk?

    private let begin = ContinuousClock.now
    private let sampleInterval: Int
    private var untilSampled: Int
    private var random: RotationSource
    private var pods = LocalPods()
    private var podsGeneration: UInt64?

    init(_ options: ResponderOptions, seed: UInt64) {
        limiter = options.nameErrorLimit.map { NameErrorLimiter($0) }
        lane = options.queryLog?.makeLane()
        checksNameErrors = limiter != nil || options.autopath != nil
        needsEveryClient = checksNameErrors || lane != nil
        sampleInterval = max(options.sampleInterval, 0)
        random = RotationSource(seed: ~seed)
        untilSampled = .max
        untilObserved = .max
        untilSampled = nextSample()
        untilObserved = lane == nil ? untilSampled : 1
    }

    /// Nanoseconds for the limiter.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = max(instant - begin, .zero).components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    /// The namespace of the pod of this node that has the address, as of now.
    mutating func namespace(of client: IPAddress, _ publisher: LocalPodPublisher) -> String? {
        let generation = publisher.generation
        if generation != podsGeneration {
            podsGeneration = generation
            pods = publisher.pods
        }
        return pods.namespaces[client]
    }

    /// After the answer to the query that `untilObserved` counted down to.
    mutating func observe(
        _ query: ParsedQuery, name: RawSpan, _ transport: QueryTransport, _ client: IPAddress, _ outcome: ResponseOutcome,
        _ statistics: ServerStatistics
    ) {
        if let lane, !outcome.isForwarded {
            let entry = QueryLogEntry(
                instant: instant, client: client, transport: transport, type: query.hasQuestion ? query.type : nil,
                responseCode: outcome.responseCode, byteCount: outcome.byteCount, duration: ContinuousClock.now - instant)
            lane.add(entry, name: name)
        }
        // Counted down by one, or by as many as were not looked at.
        untilSampled = lane == nil ? 0 : untilSampled &- 1
        if untilSampled <= 0 {
            if sampleInterval > 0 {
                statistics.sample.count(
                    client: client, name: name, hash: query.hash, at: instant, interval: sampleInterval)
            }
            untilSampled = nextSample()
        }
        untilObserved = lane == nil ? untilSampled : 1
    }

    /// By chance, so that no rhythm of a client's hides it: 1 to 2 * interval - 1, on average the interval.
    private mutating func nextSample() -> Int {
        guard sampleInterval > 0 else { return .max }
        return 1 + Int((UInt64(random.next()) * UInt64(2 * sampleInterval - 1)) >> 32)
    }
}
