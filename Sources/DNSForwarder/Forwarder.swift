public import DNSWire
public import Logging
public import NIOCore
public import NetworkTypes
internal import Synchronization

/// Answers names that are not the cluster's: asks upstreams and keeps what they said.
///
/// Any thread may call anything. Everything that touches the network runs on one event loop of the group: a node's
/// names that nobody has asked lately are far from filling it, and it needs no locks between questions.
public final class Forwarder: Sendable {
    /// What is wrong with the configuration and was worked around: a line for the log each.
    public let warnings: [String]

    private let cache: AnswerCache
    private let core: Mutex<ForwarderCore>
    private let loopGuard: LoopGuard
    private let loop: any EventLoop
    private let sockets: UpstreamSockets
    private let timers: NIOLoopBoundBox<[LookupID: Scheduled<Void>]>
    private let now: @Sendable () -> Duration

    /// - Parameters:
    ///   - now: a monotonic clock.
    ///   - random: gives ports, ids, the case of letters and the loop token; must not be predictable outside of tests.
    /// - Throws: `ForwarderError` where the certificates for TLS upstreams cannot be read. Upstreams that are this
    ///   server itself are left out with a warning.
    public init(
        configuration: ForwarderConfiguration, group: any EventLoopGroup, logger: Logger = Logger(label: "dns-forwarder"),
        now: @escaping @Sendable () -> Duration = Forwarder.monotonicTime,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) throws {
        var configuration = configuration
        warnings = configuration.removeOwnAddresses()
        for warning in warnings { logger.warning("\(warning)") }
        cache = AnswerCache(policy: configuration.cache)
        let core = ForwarderCore(configuration, cache: cache, random: random)
        loopGuard = core.loopGuard
        let loop = group.next()
        self.loop = loop
        sockets = try UpstreamSockets(core.upstreams, configuration: configuration, loop: loop, random: random)
        timers = .makeBoxSendingValue([:], eventLoop: loop)
        self.now = now
        self.core = Mutex(core)
    }

    private static let origin = ContinuousClock.now

    /// Time since the first use in this process.
    public static let monotonicTime: @Sendable () -> Duration = { ContinuousClock.now - origin }

    /// The answer that is kept, with its times counted down; nil means `resolve`. Quick: one lock, no I/O. An answer
    /// that is asked often is renewed in the background before it ends.
    public func cached(_ question: ForwardedQuestion) -> ForwardedAnswer? {
        guard let hit = cache.hit(question, now: now()) else { return nil }
        if hit.wantsPrefetch { loop.execute { self.step { $0.prefetch(question, now: $1) } } }
        return hit.answer
    }

    /// Asks upstreams, or joins an equal question that is being asked.
    ///
    /// - Parameter client: who asks: each has a part of what a forwarder can do at a time (`ForwarderLimits`); nil has
    ///   only what all have together.
    /// - Parameter completion: called once, on the forwarder's event loop or, where there is no room, at once, within `ForwarderLimits.totalTime`: with what
    ///   an upstream said, with an expired answer (extended error 3), or with SERVFAIL and extended error 22 (no answer),
    ///   23 (no socket), 14 (ending) or 0. Where a chain of aliases reaches a name of this server the answer ends there.
    public func resolve(
        _ question: ForwardedQuestion, client: IPAddress? = nil, completion: @escaping @Sendable (ForwardedAnswer) -> Void
    ) {
        if let refusal = core.withLock({ $0.admit(question, client: client, now: now()) }) { return completion(refusal) }
        loop.execute {
            self.step { core, now in
                core.arrived(from: client)
                return core.resolve(question, client: client, completion, now: now)
            }
        }
    }

    /// The options of a query say that this forwarder sent it: an upstream leads back here. To be answered with
    /// SERVFAIL, so that another upstream is asked. Counted.
    public func isOwnQuery(_ options: [EDNSOption]) -> Bool {
        guard loopGuard.recognises(options) else { return false }
        core.withLock { $0.sawOwnQuery() }
        return true
    }

    /// Counters and gauges of this moment.
    public var statistics: ForwarderStatistics {
        var result = core.withLock { $0.statistics }
        result.cache = cache.statistics
        return result
    }

    /// Ends: every question in flight is answered with SERVFAIL, as is every later one, and every socket is closed.
    ///
    /// - Returns: succeeds when all sockets are gone. What is kept can still be read.
    @discardableResult
    public func shutdown() -> EventLoopFuture<Void> {
        loop.flatSubmit {
            self.step { core, _ in core.shutDown() }
            return self.sockets.close()
        }
    }

    private func step(_ body: (inout ForwarderCore, Duration) -> [ForwarderAction]) {
        let actions = core.withLock { body(&$0, now()) }
        for action in actions { perform(action) }
    }

    private func perform(_ action: ForwarderAction) {
        switch action {
        case .send(let attempt):
            sockets.send(attempt) { event in self.handle(event, of: attempt) }
        case .cancel(let attempt):
            sockets.cancel(attempt)
        case .wake(let lookup, let time):
            timers.value[lookup]?.cancel()
            let delay = max(time - now(), .zero)
            timers.value[lookup] = loop.scheduleTask(in: TimeAmount(delay)) {
                self.timers.value[lookup] = nil
                self.step { $0.wake(lookup, now: $1) }
            }
        case .end(let lookup):
            timers.value.removeValue(forKey: lookup)?.cancel()
        case .complete(let waiters, let answer):
            for waiter in waiters { waiter(answer) }
        }
    }

    private func handle(_ event: UpstreamSockets.Event, of attempt: Attempt) {
        switch event {
        case .received(let bytes): step { $0.received(bytes, on: attempt.id, now: $1) }
        case .failed: step { $0.failed(attempt.id, now: $1) }
        case .usedConnection(let wasThere):
            core.withLock { $0.usedConnection(of: attempt.upstream, wasThere: wasThere) }
        }
    }
}

/// A forwarder that cannot be set up.
public struct ForwarderError: Error, Sendable, CustomStringConvertible {
    /// One line for the operator.
    public let description: String
}
