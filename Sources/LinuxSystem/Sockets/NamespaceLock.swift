private import CLinux
import Glibc

/// A name that one process of a network namespace has at a time.
///
/// It is an abstract Unix socket (unix(7)) that listens and answers nothing. Those belong to the network
/// namespace, as the kernel state that the name guards does: daemons in different namespaces do not
/// meet, and two in one namespace do, even when each runs in a container with a /run of its own, where
/// a lock file would be two files. The kernel takes the name back with the process, however it ended,
/// and tells whoever connects which process holds it.
///
/// Abstract names have no permissions, so that a process without any right could take one first. Such
/// a holder is told apart by its user.
@safe package struct NamespaceLock: ~Copyable, Sendable {
    /// Who has the name.
    package struct Holder: Sendable, Hashable {
        /// nil: it runs in a process namespace that this one does not see.
        package let processID: Int32?
        /// nil: it could not be asked, as too many have asked just now.
        package let userID: UInt32?

        package init(processID: Int32?, userID: UInt32?) {
            self.processID = processID
            self.userID = userID
        }
    }

    package enum Failure: Error, Sendable, Hashable {
        case held(by: Holder)
        case refused(Errno)
    }

    private let descriptor: FileDescriptor

    /// Times to begin anew when the holder goes away between two calls.
    private static let attempts = 10

    /// Takes `name` in the network namespace of the calling thread.
    package init(_ name: String) throws(Failure) {
        for _ in 0..<Self.attempts {
            do throws(Errno) {
                // SAFETY: the C string that Swift makes of `name` lives for the call.
                let raw = try syscall("bind") { unsafe clinux_listen_abstract(name) }
                descriptor = FileDescriptor(owning: raw)
                return
            } catch {
                guard error.rawValue == EADDRINUSE else { throw .refused(error) }
            }
            if let holder = try Self.currentHolder(of: name) { throw .held(by: holder) }
        }
        throw .refused(Errno(rawValue: EADDRINUSE))
    }

    private init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Takes `name` where it is free, and asks nobody who has it: for those who look again and again.
    ///
    /// - Returns: nil while somebody has it.
    package static func ifFree(_ name: String) throws(Errno) -> NamespaceLock? {
        do throws(Errno) {
            // SAFETY: the C string that Swift makes of `name` lives for the call.
            let raw = try syscall("bind") { unsafe clinux_listen_abstract(name) }
            return NamespaceLock(FileDescriptor(owning: raw))
        } catch {
            if error.rawValue == EADDRINUSE { return nil }
            throw error
        }
    }

    /// Who has `name`; nil: nobody, or somebody who does not listen yet. It is not taken for the question.
    ///
    /// - Throws: `.refused`.
    package static func holder(of name: String) throws(Failure) -> Holder? { try currentHolder(of: name) }

    /// Lets go of those who asked who holds the name. The kernel keeps 128 of them; the next ones are
    /// not told. For a holder to call now and then.
    package func dismissCallers() {
        while true {
            var unnamed = clinux_address()
            // SAFETY: the C side fills the address in during the call.
            let caller = unsafe clinux_accept(descriptor.rawValue, &unnamed)
            guard caller >= 0 else { return }
            _ = FileDescriptor(owning: caller)
        }
    }

    /// nil when nobody has it, or has it but does not listen yet.
    private static func currentHolder(of name: String) throws(Failure) -> Holder? {
        var processID: Int32 = 0
        var userID: UInt32 = 0
        do throws(Errno) {
            // SAFETY: the C string lives for the call, and both numbers are locals.
            try syscall("connect") { unsafe clinux_abstract_listener(name, &processID, &userID) }
        } catch {
            if error == .connectionRefused { return nil }
            if error == .wouldBlock { return Holder(processID: nil, userID: nil) }
            throw .refused(error)
        }
        return Holder(processID: processID > 0 ? processID : nil, userID: userID)
    }
}
