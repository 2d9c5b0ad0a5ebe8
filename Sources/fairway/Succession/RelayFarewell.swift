internal import LinuxSystem
internal import Logging
internal import Relay
internal import UnixSignals

/// The end of a daemon's relays. Everything else of it has ended, and the lock is free.
///
/// While a successor gets ready they go on as they are, with the Services that were known last. Once it serves, they take
/// nothing new, and what is open goes on for the time to drain, or until it ends. A daemon without a successor ends at once,
/// or serves on for the time to drain as long as anything is open: the kernel sends it the clients meanwhile.
struct RelayFarewell: Sendable {
    /// What a relay takes after its successor serves: connections whose handshake is under way, for which a SYN-ACK may have
    /// to be sent once more (after 1 s, tcp(7)).
    static let handshakeTime = Duration.seconds(2)
    /// Nobody tells of names that were taken or let go.
    private static let lookPeriod = Duration.milliseconds(50)
    /// Later than any connection lives.
    private static let untilTheyEnd = Duration.seconds(10 * 365 * 86_400)

    let engines: [RelayEngine]
    /// nil: with a successor until they end, without one not at all.
    let drainTime: Duration?
    let logger: Logger

    /// Returns once everything is closed; another signal to end makes that now.
    func run() async throws {
        guard !engines.isEmpty else { return }
        let stop = try Stop()
        let signals = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup) { stop.wake.signal() }
        }
        defer { signals.cancel() }
        try await DedicatedThread.run(named: "farewell") { try work(stop) }
    }

    private final class Stop: Sendable {
        let wake: WakeDescriptor
        init() throws(Errno) { wake = try WakeDescriptor() }
    }

    private func work(_ stop: Stop) throws {
        let epoll = try Epoll()
        try epoll.add(stop.wake.rawValue, .readable, token: 0)
        let isToldToStop = { (time: Duration) throws in try !epoll.wait(timeout: time).isEmpty }
        let isSucceeded = try awaitSuccessor(isToldToStop)
        if isSucceeded {
            logger.info("another fairway run serves; what is open here goes on")
            if try !isToldToStop(Self.handshakeTime) {
                let grace = drainTime ?? Self.untilTheyEnd
                for engine in engines { engine.finish(within: grace) }
                while try engines.contains(where: { !$0.hasFinished }) && !isToldToStop(Self.lookPeriod) {}
            }
        }
        for engine in engines { engine.finish(within: .zero) }
        for engine in engines { engine.waitUntilFinished() }
    }

    /// Serves on while somebody may come and while there is a reason to.
    ///
    /// - Returns: whether another daemon serves now.
    private func awaitSuccessor(_ isToldToStop: (Duration) throws -> Bool) throws -> Bool {
        let limit = ContinuousClock.now + (drainTime ?? .zero)
        var isTold = false
        while true {
            // In this order: a successor has the one name before the other, and both until it serves.
            let isComing = SuccessorMark.isHeld
            if !isComing, DaemonLock.isHeld { return true }
            let mayServeOn = ContinuousClock.now < limit && engines.contains { $0.connectionCount > 0 }
            if !isComing, !mayServeOn { return false }
            if !isComing, !isTold, let drainTime {
                logger.info("connections go on for up to \(drainTime); another signal ends them")
                isTold = true
            }
            if try isToldToStop(Self.lookPeriod) { return false }
        }
    }
}
