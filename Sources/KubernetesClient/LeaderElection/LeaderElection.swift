package import KubernetesModel
internal import KubernetesWire

/// Runs a body while this process holds a Lease, so that of several replicas one works at a time.
///
/// The lease is taken and renewed as client-go does it (``LeaderElector`` decides). What differs: the deadline for
/// renewing is counted from when the last accepted renewal was sent, so that a slow answer cannot make two leaders.
package actor LeaderElection<Writer: ObjectWriting> {
    private let key: ObjectKey
    private let writer: Writer
    private let settings: LeaderElectionSettings
    private let timing: Timing
    private let wallClock: @Sendable () -> Timestamp
    private let onStartedLeading: @Sendable () async -> Void
    private let onStoppedLeading: @Sendable () async -> Void
    private let onNewLeader: @Sendable (String) -> Void
    private let notice: @Sendable (LeaderElectionNotice) -> Void
    private var random: any RandomNumberGenerator & Sendable
    private var elector: LeaderElector
    private var toldLeader = ""
    /// Requests that failed in a row; nil: none was made yet.
    private var failures: Int?

    /// - Parameters:
    ///   - key: of the Lease, which is made if there is none.
    ///   - identity: unlike that of every other candidate, also of earlier ones of this process: host name and a random part.
    ///   - onStartedLeading: the work; cancelled when the lease is lost, and must then end within the difference of lease
    ///     duration and renew deadline. The next leader may begin after that.
    ///   - onStoppedLeading: called after the work has ended.
    ///   - onNewLeader: told of each holder when it is first seen, this candidate included.
    package init<C: Clock>(
        lease key: ObjectKey, identity: String, writer: Writer,
        settings: LeaderElectionSettings = LeaderElectionSettings(), clock: C = ContinuousClock(),
        wallClock: @escaping @Sendable () -> Timestamp,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        onStartedLeading: @escaping @Sendable () async -> Void,
        onStoppedLeading: @escaping @Sendable () async -> Void = {},
        onNewLeader: @escaping @Sendable (String) -> Void = { _ in },
        notice: @escaping @Sendable (LeaderElectionNotice) -> Void = { _ in }
    ) where C.Duration == Duration {
        self.key = key
        self.writer = writer
        self.settings = settings
        self.wallClock = wallClock
        self.random = random
        self.onStartedLeading = onStartedLeading
        self.onStoppedLeading = onStoppedLeading
        self.onNewLeader = onNewLeader
        self.notice = notice
        timing = Timing(clock)
        elector = LeaderElector(lease: key, identity: identity, settings: settings)
    }

    /// Whether this process leads now.
    package var isLeading: Bool { elector.leadsUntil.map { $0 > timing.now() } ?? false }

    /// Stands for election, leads when elected, and stands again when the lease was lost. Returns when the work has ended
    /// by itself; the lease is let go then, and also when the task is cancelled.
    ///
    /// - Throws: `CancellationError` alone.
    package func run() async throws {
        while true {
            try await acquire()
            let end = await lead()
            elector.stop()
            await onStoppedLeading()
            notice(.stopped(isLost: end == .lost))
            if end != .lost { await release() }
            try Task.checkCancellation()
            if end == .workEnded { return }
        }
    }
}

// MARK: Taking and renewing

extension LeaderElection {
    private func acquire() async throws {
        while true {
            let holds = await attempt(until: timing.now() + settings.renewDeadline)
            try Task.checkCancellation()
            if holds { return }
            let stretched = 1 + settings.jitter * Double.random(in: 0..<1, using: &random)
            try await timing.sleep(settings.retryPeriod * stretched)
        }
    }

    /// - Returns: whether this candidate holds the lease, known before the deadline.
    private func attempt(until deadline: Duration) async -> Bool {
        let timing = timing
        let holds = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.attempt() }
            group.addTask {
                try? await timing.sleep(max(.zero, deadline - timing.now()))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        tellLeader()
        return holds
    }

    private func attempt() async -> Bool {
        var action = elector.begin(now: timing.now(), time: wallClock())
        while true {
            if case .settled(let holds) = action { return holds }
            if Task.isCancelled { return false }
            do {
                action = try await perform(action)
                tellAnswered()
            } catch {
                if !Task.isCancelled { tell(error) }
                action = elector.failed()
            }
        }
    }

    private func tellAnswered() {
        if failures != 0 { notice(.answered) }
        failures = 0
    }

    private func tell(_ error: any Error) {
        let status = error as? APIStatus
        if let status, status.alreadyExists || status.isConflict {
            tellAnswered()
            return notice(.forestalled)
        }
        failures = (failures ?? 0) + 1
        let concernsServer = status.map { $0.code >= 500 || $0.code == 429 || $0.code == 401 } ?? true
        notice(.failed("\(error)", inARow: failures ?? 1, concernsServer: concernsServer))
    }

    private func perform(_ action: LeaderElector.Action) async throws -> LeaderElector.Action {
        switch action {
        case .get:
            do {
                let lease = try await writer.get(Lease.self, .leases, key)
                return elector.found(lease, now: timing.now(), time: wallClock())
            } catch let status as APIStatus where status.isNotFound {
                return elector.missing(now: timing.now(), time: wallClock())
            }
        case .create(let lease):
            let stored = try await writer.create(lease, .leases, namespace: key.namespace)
            return elector.written(stored, now: timing.now())
        case .update(let lease):
            let stored = try await writer.update(lease, .leases, key)
            return elector.written(stored, now: timing.now())
        case .settled:
            return action
        }
    }

    private func tellLeader() {
        guard elector.holder != toldLeader else { return }
        toldLeader = elector.holder
        onNewLeader(toldLeader)
    }
}

// MARK: Leading

extension LeaderElection {
    private enum End: Sendable { case lost, workEnded, cancelled }

    private func lead() async -> End {
        notice(.started)
        let work = onStartedLeading
        return await withTaskGroup(of: End.self) { group in
            group.addTask {
                await work()
                return .workEnded
            }
            group.addTask { await self.renew() }
            // Apart from renewing, so that no request that hangs can keep the work going past its time.
            group.addTask { await self.awaitDeadline() }
            let first = await group.next() ?? .lost
            group.cancelAll()
            return Task.isCancelled ? .cancelled : first
        }
    }

    /// Returns when the lease can no longer be counted on.
    private func renew() async -> End {
        while let deadline = elector.leadsUntil {
            let wait = min(settings.retryPeriod, deadline - timing.now())
            if wait > .zero {
                do { try await timing.sleep(wait) } catch { return .cancelled }
            }
            guard timing.now() < deadline else { return .lost }
            let holds = await attempt(until: deadline)
            if Task.isCancelled { return .cancelled }
            if !holds, !elector.isHolder { return .lost }
        }
        return .lost
    }

    private func awaitDeadline() async -> End {
        while let deadline = elector.leadsUntil, deadline > timing.now() {
            do { try await timing.sleep(deadline - timing.now()) } catch { return .cancelled }
        }
        return .lost
    }

    /// Lets the next one begin at once. The task may be cancelled already, so that this runs in one of its own.
    private func release() async {
        await Task { await self.writeRelease() }.value
    }

    private func writeRelease() async {
        guard let lease = elector.released(time: wallClock()) else { return }
        let (writer, key, timing, settings, notice) = (writer, key, timing, settings, notice)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    _ = try await writer.update(lease, .leases, key)
                } catch {
                    notice(.notReleased("\(error)"))
                }
            }
            group.addTask { try? await timing.sleep(settings.retryPeriod) }
            await group.next()
            group.cancelAll()
        }
    }
}
