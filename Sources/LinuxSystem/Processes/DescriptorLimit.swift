internal import Glibc

/// This process's limit on open descriptors.
package enum DescriptorLimit {
    /// Raises the soft limit to the hard one; no rights are needed. The soft one is kept low for programs that use
    /// select(2), which has room for 1024 descriptors.
    ///
    /// - Returns: the limit in force.
    /// - Throws: `Errno` of getrlimit(2) or setrlimit(2).
    @discardableResult
    package static func raise() throws(Errno) -> UInt64 {
        var limit = rlimit()
        // SAFETY: the call fills in one rlimit, which lives for the call.
        try syscall("getrlimit") { unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
        guard limit.rlim_cur != limit.rlim_max else { return UInt64(limit.rlim_cur) }
        limit.rlim_cur = limit.rlim_max
        // SAFETY: the call reads one rlimit, which lives for the call.
        try syscall("setrlimit") { unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
        return UInt64(limit.rlim_cur)
    }
}
