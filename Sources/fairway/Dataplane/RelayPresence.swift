internal import LinuxSystem

/// Says that this process relays connections that packets are redirected to: as long as it lives, what redirects them has
/// to stay in the kernel.
///
/// One of a row of names of the network namespace, as the daemon's lock is, for several processes may still carry on what
/// clients began. The kernel takes it back with the process, however that ends.
final class RelayPresence: Sendable {
    /// Processes that relay at a time. One more is not waited for when the mode changes; it says so when it starts.
    static let limit = 64

    private static let names = (0..<limit).map { "fairway/relay/\($0)" }
    private let held: HeldName?

    /// Takes the first name that is free.
    init() {
        held = Self.names.lazy.compactMap { name -> HeldName? in
            do throws(Errno) {
                guard let lock = try NamespaceLock.ifFree(name) else { return nil }
                return HeldName(lock)
            } catch { return nil }
        }.first
    }

    /// Others can see it.
    var isKnown: Bool { held != nil }

    /// The names of those that relay now. For a process that does not.
    static func present() -> [String] { names.filter(HeldName.isHeldByDaemon) }
}
