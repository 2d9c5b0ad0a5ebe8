internal import CBPF
internal import Glibc

/// The one way into libbpf's calls: again when a signal interrupts.
///
/// EBADF and EFAULT trap, for they are never the outside world's doing, as in `syscall`.
///
/// - Returns: what the call returned; below zero it is an error number.
func kernelCall(_ body: () -> Int32) -> Int32 {
    var status = body()
    var attempts = 1
    while status == -EINTR, attempts < BPFLimits.attempts {
        status = body()
        attempts += 1
    }
    precondition(status != -EBADF && status != -EFAULT, "a descriptor or a buffer that is not there")
    return status
}
