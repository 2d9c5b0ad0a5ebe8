private import CLinux
import Glibc

/// A signalfd(2): signals arrive as something to read instead of interrupting the program.
@safe package struct SignalDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Blocks `signals` in the calling thread, and in every thread that it makes afterwards.
    package init(_ signals: [Int32]) throws(Errno) {
        // SAFETY: sigset_t is plain bits, set up by sigemptyset before anything reads it.
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        let error = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        guard error == 0 else { throw Errno(rawValue: error) }
        let flags = Int32(SFD_CLOEXEC | SFD_NONBLOCK)
        // SAFETY: the kernel copies the set during the call.
        descriptor = FileDescriptor(owning: try syscall("signalfd") { unsafe signalfd(-1, &set, flags) })
    }

    package var rawValue: Int32 { descriptor.rawValue }

    /// The next signal that arrived, nil when there is none left.
    package func next() throws(Errno) -> Int32? {
        var info = signalfd_siginfo()
        let count = try syscallUnlessBlocking("read") {
            // SAFETY: the kernel writes whole signalfd_siginfo values, and there is room for one.
            unsafe Glibc.read(descriptor.rawValue, &info, MemoryLayout<signalfd_siginfo>.size)
        }
        return count == nil ? nil : Int32(info.ssi_signo)
    }
}
