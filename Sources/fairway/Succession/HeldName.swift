internal import Glibc
internal import LinuxSystem

/// A name of this network namespace that this process has as long as the value lives.
final class HeldName: Sendable {
    let lock: NamespaceLock

    init(_ lock: consuming NamespaceLock) { self.lock = lock }

    /// A daemon has it. A process of another user that is no daemon's does not count; one that cannot be asked does.
    static func isHeldByDaemon(_ name: String) -> Bool {
        do throws(NamespaceLock.Failure) {
            guard let holder = try NamespaceLock.holder(of: name) else { return false }
            return holder.userID.map { $0 == geteuid() || $0 == 0 } ?? true
        } catch { return false }
    }

    /// Nobody has it. It is taken for the moment of the question, so that nobody is asked.
    static func isFree(_ name: String) -> Bool {
        do throws(Errno) {
            guard let lock = try NamespaceLock.ifFree(name) else { return false }
            _ = consume lock
            return true
        } catch { return false }
    }
}
