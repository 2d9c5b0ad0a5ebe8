internal import Glibc
internal import LinuxSystem
internal import Logging
internal import Synchronization

/// Keeps a second daemon out of this network namespace: two would take each other's rules for wrong.
final class DaemonLock: Sendable {
    private static let name = "fairway/run"
    private let held: Mutex<HeldName?>

    private init(_ lock: consuming NamespaceLock) { held = Mutex(HeldName(lock)) }

    /// Lets another daemon work here, while this one still ends what clients have begun.
    func release() { held.withLock { $0 = nil } }

    /// Some daemon works here.
    static var isHeld: Bool { HeldName.isHeldByDaemon(name) }

    /// - Returns: nil when a process of another user holds the name, which no daemon would: without the
    ///   rights to write rules it must not keep those out that have them. That is logged.
    /// - Throws: `CommandFailure` that names the other daemon's process.
    static func take(logger: Logger) throws(CommandFailure) -> DaemonLock? {
        do throws(NamespaceLock.Failure) {
            return DaemonLock(try NamespaceLock(name))
        } catch {
            switch error {
            case .refused(let errno):
                throw .failed("cannot take the lock @\(name) of this network namespace: \(errno)")
            case .held(let holder):
                let process = holder.processID.map { "pid \($0)" } ?? "a process not visible from here"
                if let user = holder.userID, user != geteuid(), user != 0 {
                    logger.warning(
                        "the lock @\(name) is held by \(process) of user \(user), which is no fairway; a second fairway run is not noticed")
                    return nil
                }
                throw .failed(
                    "another fairway run works in this network namespace (\(process)); stop it first")
            }
        }
    }

    /// How long a predecessor may take to end: it finishes what clients are still waiting for.
    private static let successionLimit = Duration.seconds(30)

    /// A predecessor that ends lets go of the lock before it is gone, when it has connections to carry on.
    private static let lookPeriod = Duration.milliseconds(20)

    /// Asks the daemon that holds the lock to end, waits until it has let go of it, and takes the lock. Not for the cooperative pool.
    ///
    /// - Throws: `CommandFailure` that names the other daemon's process and why it stays.
    static func succeed(logger: Logger) throws(CommandFailure) -> DaemonLock? {
        while true {
            do throws(NamespaceLock.Failure) {
                return DaemonLock(try NamespaceLock(name))
            } catch {
                guard case .held(let holder) = error, holder.userID.map({ $0 == geteuid() || $0 == 0 }) ?? true else {
                    // The same words as without a predecessor.
                    return try take(logger: logger)
                }
                guard let pid = holder.processID else {
                    throw .failed(notVisible)
                }
                try end(pid, logger)
            }
        }
    }

    /// The process of the daemon that works here, which is to end; nil: none works here.
    ///
    /// - Throws: `CommandFailure` when this process cannot ask it to.
    static func predecessor() throws(CommandFailure) -> Int32? {
        let holder: NamespaceLock.Holder?
        do throws(NamespaceLock.Failure) { holder = try NamespaceLock.holder(of: name) } catch { return nil }
        guard let holder, holder.userID.map({ $0 == geteuid() || $0 == 0 }) ?? true else { return nil }
        guard let pid = holder.processID else { throw .failed(notVisible) }
        guard kill(pid, 0) == 0 || errno != EPERM else { throw .failed(notPermitted(pid)) }
        return pid
    }

    private static let notVisible = "another fairway run works here in a process namespace that is not visible; stop it yourself"

    private static func notPermitted(_ pid: Int32) -> String {
        "cannot take over from the fairway run of pid \(pid): this user may not ask it to end"
    }

    private static func end(_ pid: Int32, _ logger: Logger) throws(CommandFailure) {
        do throws(Errno) {
            let predecessor = try OtherProcess(pid)
            logger.info("takes over from pid \(pid), which is asked to end")
            guard predecessor.signal(SIGTERM) else { return }
            let limit = ContinuousClock.now + successionLimit
            while ContinuousClock.now < limit {
                if try predecessor.waitForEnd(timeout: lookPeriod) || HeldName.isFree(name) { return }
            }
        } catch {
            if error.rawValue == ESRCH { return }
            throw .failed("cannot take over from the fairway run of pid \(pid): \(error)")
        }
        throw .failed("the fairway run of pid \(pid) did not let go within \(successionLimit); stop it first")
    }

    /// - Throws: `CommandFailure` when a daemon works here: what is removed it would put back.
    static func requireNone() throws(CommandFailure) {
        do throws(NamespaceLock.Failure) {
            _ = try NamespaceLock(name)
        } catch {
            guard case .held(let holder) = error, holder.userID.map({ $0 == geteuid() || $0 == 0 }) ?? true else { return }
            let process = holder.processID.map { " (pid \($0))" } ?? ""
            throw .failed("fairway run works in this network namespace\(process) and would put everything back; stop it first")
        }
    }

    func dismissCallers() { held.withLock { $0 }?.lock.dismissCallers() }
}
