internal import DNSWire

extension Lookup {
    /// Bytes came in on the socket of a query.
    mutating func received(_ bytes: [UInt8], on id: AttemptID, _ context: inout LookupContext) -> Step {
        guard let attempt = open[id] else { return .waiting }
        let upstream = attempt.attempt.upstream
        let isDatagram = attempt.attempt.transport == .udp
        switch ResponseMatch(of: bytes, to: attempt.attempt.query) {
        case .foreign:
            return mismatched(id, &context)
        case .otherCase where isDatagram:
            // Forged, or from a server that changes case. A forger cannot forge a connection, so the same upstream is
            // asked over TCP, where case does not count; the true answer may still come here meanwhile.
            context.table[upstream].statistics.caseChanges += 1
            askOverStream(upstream, &context)
            return mismatched(id, &context)
        case .truncated where isDatagram:
            measure(attempt, &context)
            context.table[upstream].statistics.truncations += 1
            close(id, &context)
            askOverStream(upstream, &context)
            return open.isEmpty ? malformed(upstream, &context) : .waiting
        case .bareFailure:
            guard attempt.attempt.query.extensions != .none else { return mismatched(id, &context) }
            close(id, &context)
            return dislikesExtensions(upstream, &context)
        case .answer, .otherCase, .truncated:
            guard let message = try? Message(decoding: bytes.span, mode: .lenient) else {
                context.table[upstream].statistics.malformed += 1
                close(id, &context)
                if isDatagram { askOverStream(upstream, &context) }
                return isDatagram && !open.isEmpty ? .waiting : malformed(upstream, &context)
            }
            measure(attempt, &context)
            context.table[upstream].statistics.count(message.responseCode, after: context.now - attempt.sentAt)
            close(id, &context)
            return answered(message, by: attempt.attempt, &context)
        }
    }

    /// Not the answer: waited past, until it is clear that somebody guesses.
    private mutating func mismatched(_ id: AttemptID, _ context: inout LookupContext) -> Step {
        guard var attempt = open[id] else { return .waiting }
        attempt.mismatches += 1
        open[id] = attempt
        context.table[attempt.attempt.upstream].statistics.mismatches += 1
        guard attempt.mismatches >= context.limits.mismatches, attempt.attempt.transport == .udp else { return .waiting }
        close(id, &context)
        askOverStream(attempt.attempt.upstream, &context)
        return .waiting
    }

    private mutating func malformed(_ upstream: Int, _ context: inout LookupContext) -> Step {
        refused(
            by: upstream,
            .failure(
                ExtendedErrorCode.networkError,
                "\(context.table[upstream].address) gave an answer that cannot be read"),
            &context)
    }

    /// RFC 6891 section 7: asked again without OPT, and so for a while.
    private mutating func dislikesExtensions(_ upstream: Int, _ context: inout LookupContext) -> Step {
        context.table[upstream].refusesExtensions(now: context.now, memory: context.limits.ednsMemory)
        repeatQuery(to: upstream, &context)
        return .waiting
    }

    /// Round trips are learnt from datagrams and TLS; TCP is used where something else went before.
    private func measure(_ attempt: OpenAttempt, _ context: inout LookupContext) {
        guard attempt.attempt.transport != .tcp else { return }
        context.table[attempt.attempt.upstream].estimate.answered(after: context.now - attempt.sentAt)
    }

    private mutating func answered(
        _ message: Message, by attempt: Attempt, _ context: inout LookupContext
    ) -> Step {
        switch message.responseCode {
        case .noError where attempt.transport != .udp && message.flags.contains(.truncated):
            return malformed(attempt.upstream, &context)
        case .noError, .nameError:
            return accepted(message, &context)
        case .formatError, .notImplemented, .badVersion:
            if attempt.query.extensions != .none { return dislikesExtensions(attempt.upstream, &context) }
            fallthrough
        default:
            let empty = AliasChain(records: [])
            return refused(
                by: attempt.upstream, ForwardedAnswer(message, chain: empty, question: current), &context)
        }
    }

    private mutating func accepted(_ message: Message, _ context: inout LookupContext) -> Step {
        let links = AliasChain(
            from: current.question.name, type: current.question.type, in: message,
            limit: context.limits.aliases - aliasCount, isOwn: context.isOwn)
        var answer = ForwardedAnswer(message, chain: links, question: current)
        answer.answers = chain + links.records
        // Nobody else says what an own name's address is.
        answer.additionals.removeAll { context.isOwn($0.name) }
        switch links.end {
        case .complete:
            return .finished(answer)
        case .own:
            return .finished(ForwardedAnswer(responseCode: .noError, answers: answer.answers))
        case .endless:
            return .finished(
                .failure(ExtendedErrorCode.other, "the aliases of \(current.question.name) do not end"))
        case .open(let target):
            aliasCount += links.aliasCount
            chain = answer.answers
            current.question.name = target
            for id in open.keys { close(id, &context) }
            return begin(&context)
        }
    }
}
