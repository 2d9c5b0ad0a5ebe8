package import KubernetesModel
internal import KubernetesWire
package import ObjectStore

/// Follows one kind of object: lists it, watches it from there on, and tells the store what it needs to hold the same.
///
/// The list is asked for as the first events of a watch (KEP-3157) and in pages where the server has no such thing. A
/// watch that ends is resumed from the last version told; when that has expired the kind is listed anew, between
/// `reset` and `synced`, so that the store deletes what vanished meanwhile. No event is lost, none applied twice, and no
/// object goes back in time. An object that cannot be read stays as it was told last.
package actor Reflector<Source: ListWatching> {
    private let source: Source
    private let resource: APIResource
    private let selection: Selection
    private let settings: ReflectorSettings
    private let serverReturn: ServerReturn
    private let timing: Timing
    private let wallClock: @Sendable () -> Int64
    private let deliver: @Sendable ([StoreEvent]) async -> Void
    private let notice: @Sendable (ReflectorNotice) -> Void

    private var random: any RandomNumberGenerator & Sendable
    private var reflection: Reflection
    private var plan: ReflectorPlan
    /// Seconds since 1970 at which everything told was last known to be true.
    private var trueAt: Int64
    /// The store was told that the source is lost.
    private var isLost = false
    /// Monotonic; of the watch under way.
    private var lastHeard: Duration = .zero
    /// The store is taking events: its time is not the server's silence.
    private var isDelivering = false
    /// The server sends bookmarks for this kind, as far as is known.
    private var hasBookmarks = false
    /// The last watch was silent: that the next is accepted says nothing, only what comes in it.
    private var isUnheard = false
    private var isProgress = false

    /// The server did not answer the last request.
    private var isAway = false
    /// Of ``serverReturn``, when the attempt under way began.
    private var returns = 0
    /// Returns that were followed since anything was last heard or listed: a server whose answers break off would have its
    /// reflectors wake each other without end.
    private var fruitlessReturns = 0

    /// - Parameters:
    ///   - serverReturn: shared with the other reflectors of the same server.
    ///   - clock: measures and waits.
    ///   - wallClock: seconds since 1970, for what the store is told of lost sources.
    ///   - deliver: takes events in order, one call at a time; the next are read when it returns.
    ///   - notice: what is worth counting or logging; called in order.
    package init<C: Clock>(
        kind: ObjectKind, selection: Selection = Selection(), source: Source,
        settings: ReflectorSettings = ReflectorSettings(), serverReturn: ServerReturn = ServerReturn(), clock: C = ContinuousClock(),
        wallClock: @escaping @Sendable () -> Int64,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        deliver: @escaping @Sendable ([StoreEvent]) async -> Void,
        notice: @escaping @Sendable (ReflectorNotice) -> Void = { _ in }
    ) where C.Duration == Duration {
        self.source = source
        self.selection = selection
        self.settings = settings
        self.serverReturn = serverReturn
        self.wallClock = wallClock
        self.random = random
        self.deliver = deliver
        self.notice = notice
        resource = APIResource(kind)
        timing = Timing(clock)
        reflection = Reflection(kind: kind)
        plan = ReflectorPlan(settings, resource: APIResource(kind))
        trueAt = wallClock()
    }

    /// Follows the kind until the task is cancelled.
    ///
    /// - Throws: `CancellationError` alone.
    package func run() async throws {
        while true {
            returns = serverReturn.count
            let outcome = await attempt(plan.step)
            try Task.checkCancellation()
            let decision = plan.decide(outcome, now: timing.now(), random: &random)
            if decision.losesSource { await loseSource() }
            decision.notices.forEach(notice)
            isAway = isAway || decision.isOutage
            if decision.delay > .zero { try await pause(decision) }
        }
    }

    /// Waits, in an outage no longer than until the server answers another reflector.
    private func pause(_ decision: ReflectorPlan.Decision) async throws {
        let (timing, serverReturn, returns) = (timing, serverReturn, returns)
        guard decision.isOutage else { return try await timing.sleep(decision.delay) }
        let isBack = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await timing.sleep(decision.delay)
                return false
            }
            group.addTask {
                await serverReturn.next(after: returns)
                return true
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        try Task.checkCancellation()
        guard isBack, settings.returnSpread > .zero else { return }
        // Up to 64 times as far apart: with half a second for the first, half a minute.
        let spread = settings.returnSpread * (1 << min(fruitlessReturns, 6))
        fruitlessReturns += 1
        try await timing.sleep(spread * Double.random(in: 0..<1, using: &random))
    }

    /// The server has answered.
    private func answered() {
        guard isAway else { return }
        isAway = false
        returns = serverReturn.tell()
    }

    private func attempt(_ step: ReflectorPlan.Step) async -> ReflectorPlan.Outcome {
        switch step {
        case .stream:
            notice(.listing(streamed: true))
            return await watch(.initialEvents)
        case .pages(let limit): return await list(limit: limit)
        case .resume:
            if plan.doubtsVersion, let refusal = await askAboutVersion() { return refusal }
            return await watch(.after(reflection.version))
        }
    }
}

// MARK: Lists in pages

extension Reflector {
    private func list(limit: Int) async -> ReflectorPlan.Outcome {
        notice(.listing(streamed: false))
        let begun = wallClock()
        var request = ListRequest(resource: resource, selection: selection, limit: limit)
        var events: [StoreEvent] = []
        do {
            repeat {
                let page = try await source.list(request)
                try Task.checkCancellation()
                answered()
                if request.continueToken.isEmpty { events = reflection.beginList() }
                let news = reflection.take(page)
                events += news.events
                news.faults.forEach { notice(.unreadable($0)) }
                request.continueToken = page.continueToken
                if page.continueToken.isEmpty {
                    guard !page.resourceVersion.isEmpty else { return .failed("the list has no version", .unanswered, lasted: nil) }
                    events += reflection.endList(at: page.resourceVersion)
                }
                await tell(events)
                events = []
            } while !request.continueToken.isEmpty
        } catch {
            return outcome(error)
        }
        trueAt = begun
        isLost = false
        fruitlessReturns = 0
        notice(.listed(objects: reflection.listed, streamed: false))
        notice(.following)
        return .listed
    }

    private func outcome(_ error: any Error) -> ReflectorPlan.Outcome {
        if let status = error as? APIStatus { return .refused(status) }
        return .failed("\(error)", error.stage(or: .unanswered), lasted: nil)
    }
}

// MARK: Versions

extension Reflector {
    /// One object at most, as of the version last told or later: a server that was restored from a backup, or begun anew,
    /// has not reached it, and says so.
    ///
    /// - Returns: nil when the version is the server's.
    private func askAboutVersion() async -> ReflectorPlan.Outcome? {
        let request = ListRequest(
            resource: resource, selection: selection, limit: 1, resourceVersion: reflection.version)
        do {
            let page = try await source.list(request)
            answered()
            if ResourceVersion.isOlder(page.resourceVersion, than: reflection.version) {
                return .refused(APIStatus(code: 504, reason: "Timeout", message: "Too large resource version: \(reflection.version)"))
            }
        } catch {
            return outcome(error)
        }
        plan.knowsVersion()
        return nil
    }
}

// MARK: Watches

extension Reflector {
    private func watch(_ start: WatchRequest.Start) async -> ReflectorPlan.Outcome {
        let request = WatchRequest(
            resource: resource, selection: selection, start: start,
            timeoutSeconds: timeoutSeconds(start))
        let begun = timing.now()
        let events: Source.Events
        do {
            events = try await source.watch(request)
        } catch {
            return outcome(error)
        }
        answered()
        notice(.watching)
        lastHeard = timing.now()
        isProgress = false
        switch start {
        case .initialEvents: await tell(reflection.beginList())
        case .after: if !isUnheard { await resumed() }
        }
        do {
            return try await follow(events, begun: begun)
        } catch let status as APIStatus {
            return .broken(status, lasted: timing.now() - begun)
        } catch {
            let stage = error.stage(or: .cut)
            // Until now everything came through.
            if stage == .cut, !reflection.isListing, !isUnheard { trueAt = wallClock() }
            return .failed("the watch broke: \(error)", stage, lasted: timing.now() - begun)
        }
    }

    private func timeoutSeconds(_ start: WatchRequest.Start) -> Int {
        let seconds = Int.random(in: settings.watchTimeoutSeconds, using: &random)
        // Initial events end with a bookmark.
        guard start != .initialEvents, !hasBookmarks, let quiet = settings.quietWatchTimeoutSeconds else { return seconds }
        return min(seconds, quiet)
    }

    /// Reads the watch until it ends or is silent for too long.
    private func follow(_ events: Source.Events, begun: Duration) async throws -> ReflectorPlan.Outcome {
        guard let silence = settings.silence else { return try await read(events, begun: begun) }
        return try await withThrowingTaskGroup(of: ReflectorPlan.Outcome.self) { group in
            group.addTask { try await self.read(events, begun: begun) }
            group.addTask { try await self.awaitSilence(silence) }
            defer { group.cancelAll() }
            return try await group.next() ?? .closed(lasted: .zero, isProgress: false)
        }
    }

    private func read(_ events: Source.Events, begun: Duration) async throws -> ReflectorPlan.Outcome {
        for try await batch in events {
            if let end = await take(batch, begun: begun) { return end }
        }
        // A stream that is let go of ends as one does that the server ended.
        try Task.checkCancellation()
        let lasted = timing.now() - begun
        // The server said all it had to say, unless it had hardly begun.
        if !reflection.isListing, isProgress || lasted >= settings.shortWatch { await heard() }
        return .closed(lasted: lasted, isProgress: isProgress)
    }

    /// - Returns: how the watch ends, where it does.
    private func take(_ batch: [WatchEvent], begun: Duration) async -> ReflectorPlan.Outcome? {
        let news = reflection.take(batch)
        lastHeard = timing.now()
        // The end of a list says by itself that the source is back.
        if news.endsList { isLost = false }
        if news.failure == nil, !reflection.isListing { await heard() }
        hasBookmarks = hasBookmarks || news.hasBookmark
        await tell(news.events)
        news.faults.forEach { notice(.unreadable($0)) }
        if !news.events.isEmpty || news.passedOver > 0 {
            notice(.events(applied: news.events.count, passedOver: news.passedOver))
        }
        if news.endsList {
            notice(.listed(objects: reflection.listed, streamed: true))
            notice(.following)
        }
        if news.isProgress || news.endsList {
            isProgress = true
            plan.progressed()
        }
        if let status = news.failure { return .broken(status, lasted: timing.now() - begun) }
        return news.ignoresInitialEvents ? .streamIgnored : nil
    }

    private func awaitSilence(_ limit: Duration) async throws -> ReflectorPlan.Outcome {
        while true {
            let quiet = isDelivering ? .zero : timing.now() - lastHeard
            if quiet >= limit {
                hasBookmarks = false
                isUnheard = true
                return .silent
            }
            try await timing.sleep(limit - quiet)
        }
    }
}

// MARK: What the store is told

extension Reflector {
    private func tell(_ events: [StoreEvent]) async {
        guard !events.isEmpty else { return }
        isDelivering = true
        await deliver(events)
        isDelivering = false
        lastHeard = timing.now()
    }

    /// Before the first list is complete nothing was told that could be out of date.
    private func loseSource() async {
        guard reflection.hasSynced, !isLost else { return }
        isLost = true
        notice(.lost(since: trueAt))
        await tell([.source(.lost(since: trueAt), of: reflection.kind)])
    }

    /// What is told follows what is, now.
    private func heard() async {
        trueAt = wallClock()
        fruitlessReturns = 0
        guard isUnheard else { return }
        isUnheard = false
        await resumed()
    }

    private func resumed() async {
        notice(.following)
        guard isLost else { return }
        isLost = false
        await tell([.source(.connected, of: reflection.kind)])
    }
}
