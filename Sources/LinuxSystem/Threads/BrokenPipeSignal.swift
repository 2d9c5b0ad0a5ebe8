private import CLinux
import Glibc

/// Keeps SIGPIPE from the calling thread, and from the threads that it makes afterwards: what moves bytes to a peer that
/// is gone fails then. The calls of this module ask for that themselves; splice(2) cannot be asked.
package func blockBrokenPipeSignal() {
    // SAFETY: sigset_t is plain bits, set up by sigemptyset before anything reads it.
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGPIPE)
    let error = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    precondition(error == 0, "pthread_sigmask: \(Errno(rawValue: error))")
}
