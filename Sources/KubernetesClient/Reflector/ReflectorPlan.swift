internal import KubernetesWire

/// Decides what a reflector does after each attempt. No I/O and no clock: times are given.
struct ReflectorPlan: Sendable {
    enum Step: Sendable, Hashable {
        /// The whole list as the first events of a watch.
        case stream
        /// The list in pages of so many objects; 0: in one.
        case pages(limit: Int)
        /// On from the last version.
        case resume
    }

    /// How an attempt ended.
    enum Outcome: Sendable {
        /// The list has been read; nothing follows it yet.
        case listed
        /// The server ended the watch.
        case closed(lasted: Duration, isProgress: Bool)
        /// Nothing was heard for too long.
        case silent
        /// A streamed list is none: the server knows no such thing.
        case streamIgnored
        /// The request was refused.
        case refused(APIStatus)
        /// A watch that had been accepted ended with an error.
        case broken(APIStatus, lasted: Duration)
        /// Nothing answered, an answer broke off, or nothing more came; `lasted`: of a watch that had been accepted.
        case failed(String, FailureStage, lasted: Duration?)
    }

    struct Decision: Sendable, Hashable {
        var delay: Duration = .zero
        /// The server did not answer, or could not: that it answers somebody else ends the delay.
        var isOutage = false
        /// What is told no longer follows what is.
        var losesSource = false
        var notices: [ReflectorNotice] = []
    }

    private let settings: ReflectorSettings
    private let resource: APIResource
    private(set) var step: Step
    private var streams: Bool
    private var waits: ReflectorWaits
    private var failuresInARow = 0
    private var expiredInARow = 0
    private var serverErrorsInARow = 0
    private var lastFailure: String?
    /// The server may be another one than before: it could not be reached, or said nothing. A watch from a version that a
    /// server has not reached yet is accepted, and silent (kube-apiserver 1.36): so the version is asked about first.
    private(set) var doubtsVersion = false

    /// Lists begun anew at once, with nothing achieved between; further ones wait as after any failure.
    static let expiriesWithoutPause = 2
    /// Resumes refused with a server error before the list is read anew.
    static let serverErrorsBeforeList = 5

    init(_ settings: ReflectorSettings, resource: APIResource) {
        self.settings = settings
        self.resource = resource
        streams = settings.streamsLists
        waits = ReflectorWaits(settings)
        step = .resume
        planList()
    }

    /// The list of a watch is complete, or events came.
    mutating func progressed() {
        step = .resume
        failuresInARow = 0
        expiredInARow = 0
        serverErrorsInARow = 0
        lastFailure = nil
        waits.progressed()
    }

    /// The server has reached the version that a watch is to go on from.
    mutating func knowsVersion() { doubtsVersion = false }

    /// - Parameter now: of a monotonic clock.
    mutating func decide(
        _ outcome: Outcome, now: Duration, random: inout some RandomNumberGenerator
    ) -> Decision {
        switch outcome {
        case .listed:
            // Not yet all the progress there is: a version that has expired by now must not lead to lists without a pause.
            step = .resume
            failuresInARow = 0
            lastFailure = nil
            waits.progressed()
            return Decision()
        case .closed(let lasted, let isProgress):
            follow(lasted)
            if isProgress || lasted >= settings.shortWatch && step == .resume { return Decision() }
            return fail(
                Failure(.refused, "the server ended the watch at once", losesSource: failuresInARow > 0), now, &random)
        case .silent:
            if step == .stream { return leaveStreams("no end of the initial events came", now, &random) }
            progressed()
            doubtsVersion = true
            return Decision(losesSource: true, notices: [.failed(silenceFailure)])
        case .streamIgnored:
            return leaveStreams("bookmarks came amid the initial events", now, &random)
        case .refused(let status):
            return refused(status, now, &random)
        case .broken(let status, let lasted):
            follow(lasted)
            if status.isExpired { return expired(now, &random) }
            return fail(Failure(status, "the watch ended: \(status)", losesSource: true), now, &random)
        case .failed(let reason, let stage, let lasted):
            follow(lasted)
            doubtsVersion = true
            // All clients of a server lose their watches together: these wait as for a server that does not answer.
            let isList = lasted == nil || step == .stream
            let trouble = stage == .cut && isList ? ReflectorWaits.Trouble.cut : .unanswered
            return fail(Failure(trouble, reason, losesSource: lasted != nil || failuresInARow > 0), now, &random)
        }
    }

    /// A watch that went on for a while was a good one, however it ended.
    private mutating func follow(_ lasted: Duration?) {
        if let lasted, lasted >= settings.shortWatch, step == .resume { progressed() }
    }

    private mutating func planList() { step = streams ? .stream : .pages(limit: settings.pageSize) }

    private mutating func refused(
        _ status: APIStatus, _ now: Duration, _ random: inout some RandomNumberGenerator
    ) -> Decision {
        switch step {
        case _ where status.isExpired:
            return expired(now, &random)
        case .stream where [400, 405, 406, 415, 422, 501].contains(status.code):
            return leaveStreams("\(status)", now, &random)
        case .resume where needsList(status):
            planList()
            return fail(Failure(status, words(status), losesSource: true), now, &random)
        default:
            return fail(Failure(status, words(status), losesSource: failuresInARow > 0), now, &random)
        }
    }

    /// Whether a watch refused like this would be refused again and again: a version the server has not reached (it was
    /// restored from a backup), or a request it does not take.
    private mutating func needsList(_ status: APIStatus) -> Bool {
        if status.message.contains("Too large resource version") { return true }
        switch status.code {
        case 401, 403, 404, 429: return false
        case 500...:
            serverErrorsInARow += 1
            return serverErrorsInARow >= Self.serverErrorsBeforeList
        default: return true
        }
    }

    private mutating func expired(_ now: Duration, _ random: inout some RandomNumberGenerator) -> Decision {
        expiredInARow += 1
        if case .pages(let limit) = step, limit > 0 { step = .pages(limit: 0) } else { planList() }
        var decision = Decision(losesSource: true)
        if expiredInARow > Self.expiriesWithoutPause {
            let reason = "versions of \(resource) expire sooner than they can be followed"
            decision = fail(Failure(.refused, reason, losesSource: true), now, &random)
        }
        decision.notices.insert(.expired, at: 0)
        return decision
    }

    private mutating func leaveStreams(
        _ reason: String, _ now: Duration, _ random: inout some RandomNumberGenerator
    ) -> Decision {
        streams = false
        planList()
        return Decision(notices: [.withoutStreams(reason)])
    }

    private mutating func fail(
        _ failure: Failure, _ now: Duration, _ random: inout some RandomNumberGenerator
    ) -> Decision {
        failuresInARow += 1
        let asked = Duration.seconds(min(failure.retryAfter ?? 0, Self.longestRetryAfter))
        let delay = max(waits.next(after: failure.trouble, now: now, random: &random), asked)
        let isNew = lastFailure != failure.reason
        lastFailure = failure.reason
        let told = ReflectorFailure(
            reason: failure.reason, isNew: isNew, inARow: failuresInARow, retryIn: delay,
            concernsServer: failure.concernsServer)
        return Decision(
            delay: delay, isOutage: failure.isOutage && failure.retryAfter == nil, losesSource: failure.losesSource,
            notices: [.failed(told)])
    }

    private var silenceFailure: ReflectorFailure {
        let seconds = settings.silence?.components.seconds ?? 0
        return ReflectorFailure(
            reason: "neither event nor bookmark came in the watch of \(resource) for \(seconds) s", isNew: true,
            inARow: 1, retryIn: .zero, isSilence: true)
    }

    /// Seconds; a server that asks for more is asked again nevertheless.
    static let longestRetryAfter = 300

    private func words(_ status: APIStatus) -> String {
        switch status.code {
        case 401: "the API server does not accept the credentials for \(resource): \(status)"
        case 403: "the credentials may not list and watch \(resource), see RBAC: \(status)"
        case 404: "the API server has no \(resource) in \(resource.apiVersion): \(status)"
        default: "\(status)"
        }
    }
}

extension ReflectorPlan {
    /// What went wrong in an attempt.
    private struct Failure {
        let trouble: ReflectorWaits.Trouble
        let reason: String
        let losesSource: Bool
        /// The server was not reached, or cannot answer, be it that it has only just begun.
        var isOutage = true
        var concernsServer = true
        var retryAfter: Int?

        init(_ trouble: ReflectorWaits.Trouble, _ reason: String, losesSource: Bool) {
            self.trouble = trouble
            self.reason = reason
            self.losesSource = losesSource
            isOutage = trouble != .refused
        }

        init(_ status: APIStatus, _ reason: String, losesSource: Bool) {
            self.init(.refused, reason, losesSource: losesSource)
            isOutage = status.code >= 500 || status.code == 429
            concernsServer = isOutage || status.code == 401
            retryAfter = status.retryAfterSeconds
        }
    }
}
