internal import ClusterZone
internal import DNSForwarder
internal import DNSWire
internal import NetworkTypes

/// What becomes of an answer that says NXDOMAIN.
extension Responder {
    /// - Parameter outcome: of the message that is in `output`.
    /// - Precondition: as for `ResponseMessage.init`.
    @unsafe mutating func reconsider(
        _ outcome: ResponseOutcome, _ query: ParsedQuery, _ transport: QueryTransport, _ client: IPAddress,
        _ zone: ClusterZone, _ rotation: UInt32, _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) -> ResponseOutcome {
        var outcome = outcome
        let limit = sizeLimit(query, transport, room: output.count)
        if let autopath = options.autopath, outcome.section == .cluster, SearchPath.isSearched(query.type),
            let namespace = watch.namespace(of: client, autopath.pods)
        {
            // SAFETY: the caller's memory, as it promises.
            var message = unsafe ResponseMessage(
                input, query, output, limit: limit, payload: payloadLimit, hasExtendedError: zone.readiness != .synced)
            outcome = search(outcome, autopath, namespace, query, zone, rotation, &message)
            unsafe keepWalk(outcome, output)
        }
        guard transport == .udp, !outcome.isForwarded, outcome.responseCode == .nameError else { return outcome }
        let now = watch.nanoseconds
        switch watch.limiter?.decide(client, now: now) {
        case .drop:
            outcome.isWithheld = true
            outcome.byteCount = 0
        case .truncate:
            statistics.countTruncatedNameError()
            // SAFETY: the caller's memory, as it promises.
            var message = unsafe ResponseMessage(
                input, query, output, limit: limit, payload: payloadLimit, hasExtendedError: zone.readiness != .synced)
            // With NXDOMAIN a resolver would be content, and not come by TCP.
            return message.finish(
                .noError, outcome.section, offersRecursion, isAuthoritative: true, isComplete: false)
        case .answer, nil: break
        }
        return outcome
    }

    /// Walks the rest of the client's search path. Until something of the zone is found, the message stays as it was.
    private mutating func search(
        _ outcome: ResponseOutcome, _ autopath: Autopath, _ namespace: String, _ query: ParsedQuery, _ zone: ClusterZone,
        _ rotation: UInt32, _ message: inout ResponseMessage
    ) -> ResponseOutcome {
        guard let name = DomainName(wire: questionName(query)) else { return outcome }
        let settings = zone.settings
        let path = SearchPath(domain: settings.domain, hostDomains: autopath.hostDomains)
        var (outside, isPassed, found) = ([[ResourceRecord]](), false, ResponseOutcome?.none)
        candidates: for candidate in path.candidates(after: name, namespace: namespace) {
            switch zone.answer(query, searching: candidate, target: target, rotation: rotation, into: &message.writer) {
            case .absent: continue
            case .empty: isPassed = true
            case .written(let answer) where answer.outcome != .leavesZone || !offersRecursion:
                found = finish(answer, query, zone, &message)
                break candidates
            case .outside, .written:
                // Without other servers to ask, the client has to walk by itself.
                guard offersRecursion else { return outcome }
                message.writer.removeRecords(from: query.questionEnd)
                let alias = ResourceRecord(
                    name: name, timeToLive: settings.negativeTimeToLive, data: .cname(candidate))
                outside.append([alias] + zone.aliases(from: candidate))
            }
        }
        if found == nil, !outside.isEmpty { found = negative(query, zone, rotation, &message) }
        var result = found ?? outcome
        if result.responseCode == .nameError, isPassed { result.responseCode = message.replaceCode(by: .noError) }
        if found != nil { statistics.countSearch() }
        guard !outside.isEmpty else { return result }
        watch.walk = SearchWalk(rest: outside, fallback: [])
        result.isForwarded = true
        return result
    }

    /// The name error once more: a CNAME that leads to other servers has been written over it.
    private func negative(
        _ query: ParsedQuery, _ zone: ClusterZone, _ rotation: UInt32, _ message: inout ResponseMessage
    ) -> ResponseOutcome {
        let answer = zone.answer(query, name: name, target: target, rotation: rotation, into: &message.writer)
        return finish(answer, query, zone, &message)
    }

    /// The message that is there is what the client gets where other servers know none of the names.
    @unsafe private mutating func keepWalk(_ outcome: ResponseOutcome, _ output: UnsafeMutableRawBufferPointer) {
        guard outcome.isForwarded else { return }
        // SAFETY: a finished message of that many bytes is there; copied at once.
        unsafe watch.walk?.fallback = Array(output[..<outcome.byteCount])
    }
}
