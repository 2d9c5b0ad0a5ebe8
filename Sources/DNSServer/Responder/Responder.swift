package import ClusterZone
internal import DNSForwarder
internal import DNSWire
package import NetworkTypes

/// What a request comes to.
package enum Reply: Sendable {
    /// That many bytes of the response are to be sent.
    case send(Int)
    /// Another server has to be asked.
    case forward(ForwardRequest)
    /// Nothing is sent.
    case drop
}

/// Turns a request into an answer, without any I/O and, for names of the zone, without allocating.
///
/// One for each thread that answers.
package struct Responder: ~Copyable, Sendable {
    package let options: ResponderOptions
    package let statistics: ServerStatistics
    let offersRecursion: Bool
    let payloadLimit: UInt16
    let name = NameScratch()
    let target = NameScratch()
    /// What is beside the answers: limit, samples, log, searches.
    var watch: QueryWatch
    private var random: RotationSource
    /// Answered since `countBatch`, by section.
    private var answered: InlineArray<3, Int> = [0, 0, 0]

    /// - Parameter seed: of the order in which addresses are rotated.
    package init(options: ResponderOptions, statistics: ServerStatistics, seed: UInt64 = .random(in: 0 ... .max)) {
        self.options = options
        self.statistics = statistics
        offersRecursion = options.offersRecursion
        payloadLimit = max(options.payloadLimit, 512)
        random = RotationSource(seed: seed)
        watch = QueryWatch(options, seed: seed)
    }

    /// The next query's client has to be named; for others any address of its family will do.
    @inline(__always) package var wantsClient: Bool { watch.needsEveryClient || watch.untilObserved == 1 }

    /// When the queries that follow were read.
    package mutating func beginBatch(at instant: ContinuousClock.Instant) { watch.instant = instant }

    /// Answers one request from a snapshot.
    ///
    /// - Parameters:
    ///   - client: see `wantsClient`.
    ///   - response: at least `options.payloadLimit` bytes for UDP, 65 535 for TCP: an answer never uses more
    ///   than there are.
    /// - Precondition: `response` has room for 512 bytes.
    package mutating func respond(
        to request: RawSpan, transport: QueryTransport, client: IPAddress, zone: ClusterZone,
        into response: inout MutableRawSpan
    ) -> Reply {
        precondition(response.byteCount >= 512)
        var query = ParsedQuery()
        let verdict = QueryParser.parse(request, into: &query, name: name)
        if verdict == .drop {
            statistics.countDrop()
            return .drop
        }
        let rotation = random.next()
        // SAFETY: a span's memory stays where it is while the span lives, and nobody else uses the response meanwhile.
        let input = unsafe request.withUnsafeBytes { unsafe $0 }
        let output = unsafe response.withUnsafeMutableBytes { unsafe $0 }
        let limit = sizeLimit(query, transport, room: output.count)
        var message = unsafe ResponseMessage(input, query, output, limit: limit, payload: payloadLimit, hasExtendedError: zone.readiness != .synced)
        var outcome = answer(verdict, query, zone, rotation, &message)
        // By number, here and below: the compiler sees through that from another module.
        if outcome.responseCode.rawValue == 3, watch.checksNameErrors {
            // SAFETY: as above; the message is finished, and not written to any more.
            outcome = unsafe reconsider(outcome, query, transport, client, zone, rotation, input, output)
        }
        statistics.count(
            query, transport, client.family, requestByteCount: request.byteCount, outcome: outcome)
        watch.untilObserved &-= 1
        if watch.untilObserved == 0 { observe(query, transport, client, outcome) }
        guard outcome.isForwarded else {
            guard !outcome.isWithheld else { return .drop }
            answered[Int(outcome.section.rawValue)] += 1
            return .send(outcome.byteCount)
        }
        var forwarded = forwardRequest(query, request, transport, client, zone, room: response.byteCount)
        if let walk = watch.walk.take() { forwarded.begin(walk) }
        return .forward(forwarded)
    }

    /// `NameHash` of what a request asks for, for `ClusterZone.readAhead`.
    package func nameHash(_ request: RawSpan) -> UInt64? { QueryParser.nameHash(request, name: name) }

    /// Counts the time that the requests answered since the last call took, which were read and sent together.
    package mutating func countBatch(_ duration: Duration) {
        let seconds = Double(duration.components.attoseconds) * 1e-18 + Double(duration.components.seconds)
        for section in ZoneSection.allCases {
            statistics.countDuration(seconds, queries: answered[Int(section.rawValue)], section: section)
            answered[Int(section.rawValue)] = 0
        }
    }

    private mutating func observe(
        _ query: ParsedQuery, _ transport: QueryTransport, _ client: IPAddress, _ outcome: ResponseOutcome
    ) {
        // SAFETY: the scratch holds the name until the next query.
        let bytes = unsafe RawSpan(_unsafeBytes: name.bytes(query.nameLength))
        watch.observe(query, name: bytes, transport, client, outcome, statistics)
    }

    /// Bytes of a reply at most.
    func sizeLimit(_ query: ParsedQuery, _ transport: QueryTransport, room: Int) -> Int {
        guard transport == .udp else { return min(room, 65_535) }
        return min(room, Int(query.hasEDNS ? min(max(query.payloadSize, 512), payloadLimit) : 512))
    }

    /// The question's name in lower case.
    func questionName(_ query: ParsedQuery) -> [UInt8] {
        // SAFETY: copied at once.
        unsafe Array(name.bytes(query.nameLength))
    }

    private func answer(
        _ verdict: QueryVerdict, _ query: ParsedQuery, _ zone: ClusterZone, _ rotation: UInt32,
        _ message: inout ResponseMessage
    ) -> ResponseOutcome {
        if case .refuse(let code) = verdict { return message.finish(code, .other, offersRecursion) }
        guard query.recordClass.rawValue == 1 else { return answerOtherClass(query, &message) }
        switch query.type.rawValue {
        case 251, 252: return message.finish(.refused, section(query, zone), offersRecursion)
        default: break
        }
        let answer = zone.answer(query, name: name, target: target, rotation: rotation, into: &message.writer)
        switch answer.outcome {
        case .answered:
            return finish(answer, query, zone, &message)
        case .notReady:
            message.extendedError = .notReady
            return message.finish(.serverFailure, answer.section, offersRecursion)
        case .leavesZone:
            // An ANY or CNAME question ends here; another one is answered by those who know the target.
            if offersRecursion, query.type != .any { return .forwarded(answer.section) }
            return message.finish(.noError, answer.section, offersRecursion, isAuthoritative: true)
        case .notOurs:
            switch query.type.rawValue {
            // OPT, TKEY, TSIG and 0 are no types of data (RFC 6895 section 3.1): nobody can be asked for them.
            case 0, 41, 249, 250: return message.finish(.refused, .other, offersRecursion)
            default: break
            }
            if offersRecursion { return .forwarded(.other) }
            return message.finish(.refused, .other, offersRecursion)
        }
    }

    func finish(
        _ answer: ZoneAnswer, _ query: ParsedQuery, _ zone: ClusterZone, _ message: inout ResponseMessage
    ) -> ResponseOutcome {
        if zone.readiness == .restored { message.extendedError = .staleAnswer }
        if query.type.rawValue == 255, options.answersAnyWithHINFO, answer.responseCode == .noError, message.writer.answers == 0 {
            message.putMinimalAny(timeToLive: zone.settings.timeToLive)
        }
        return message.finish(
            answer.responseCode, answer.section, offersRecursion, isAuthoritative: true, isComplete: answer.isComplete)
    }

    /// Which part of the name space a question that is not looked up is in: for counting.
    private func section(_ query: ParsedQuery, _ zone: ClusterZone) -> ZoneSection {
        zone.isWithinDomain(query, name: name) ? .cluster : .other
    }
}

/// xorshift64*: which address comes first needs no more.
struct RotationSource: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed | 1 }

    mutating func next() -> UInt32 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return UInt32(truncatingIfNeeded: (state &* 0x2545_F491_4F6C_DD1D) >> 32)
    }
}
