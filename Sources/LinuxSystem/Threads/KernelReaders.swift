private import CLinux

/// Returns after a grace period of RCU: everything in the kernel that read before under its protection has
/// ended (membarrier(2), MEMBARRIER_CMD_GLOBAL: `synchronize_rcu`).
///
/// Takes 5 to 30 ms, and blocks meanwhile. A kernel with full dynticks (nohz_full) and some seccomp filters
/// refuse the call; it returns at once then.
package func awaitKernelReaders() { _ = clinux_await_kernel_readers() }
