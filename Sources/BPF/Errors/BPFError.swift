internal import Glibc
internal import LinuxSystem

/// What the kernel or libbpf refused, in one line an operator can act on.
package struct BPFError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it was: what a caller decides by.
    package enum Code: Sendable, Hashable {
        /// EPERM or EACCES: CAP_BPF, CAP_NET_ADMIN (with CAP_PERFMON) or CAP_SYS_ADMIN is missing.
        case permission
        /// The kernel lacks the command, the type of program or map, or a helper.
        case unsupported
        /// The verifier refused a program; `log` says why.
        case rejected
        /// EEXIST: an entry, a pin or a filter is there already.
        case exists
        /// ENOENT: it is not there.
        case notFound
        /// E2BIG or ENOSPC from a map: as many entries as it may have.
        case full
        /// EBUSY: the entry is being changed by another processor, or the object is in use.
        case busy
        /// Not an object file that libbpf understands, or without the map or program asked for.
        case invalidObject
        /// A map whose keys, values or kind are others than the type says.
        case wrongShape
        /// Another process holds the lock of the pin folder.
        case locked
        /// Somebody else's filter is where ours should be.
        case occupied
        /// Anything else; see `errno`.
        case system
    }

    package let code: Code
    /// The action, as `load program fw_ingress`.
    package let doing: String
    /// The system's error number, 0 when the failure is not the system's.
    package let errno: Int32
    /// Why, when there is more to say than the error number does.
    package let cause: String?
    /// What libbpf and the verifier wrote meanwhile, at most `BPFLimits.logBytes` of its end; empty when nothing.
    package let log: String
    /// Of a batch, the index of the entry that failed: those before it were done.
    package let entry: Int?

    package init(
        _ code: Code, doing: String, errno: Int32 = 0, cause: String? = nil, log: String = "", entry: Int? = nil
    ) {
        self.code = code
        self.doing = doing
        self.errno = errno
        self.cause = cause
        self.log = log
        self.entry = entry
    }

    /// Of libbpf's status, a negative error number.
    init(status: Int32, doing: String, log: String = "", entry: Int? = nil) {
        let errno = -status
        let cause = LibraryMessages.cause(in: log)
        self.init(Code(errno: errno), doing: doing, errno: errno, cause: cause, log: log, entry: entry)
    }

    /// As `load program fw_ingress: Permission denied (R2 invalid mem access 'scalar')`.
    package var description: String {
        var text = "cannot \(doing)"
        if let entry { text += " (entry \(entry))" }
        if errno != 0 { text += ": \(Self.systemText(errno))" }
        if let cause { text += errno == 0 ? ": \(cause)" : " (\(cause))" }
        if code == .permission { text += "; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, or CAP_SYS_ADMIN, are needed" }
        return text
    }

    /// Numbers from 4000 on are libbpf's own (libbpf_errno of libbpf.h), 524 is the kernel's ENOTSUPP.
    private static func systemText(_ errno: Int32) -> String {
        if errno == notSupportedByType { return "Not supported" }
        return errno >= libraryErrors ? "libbpf's error \(errno)" : Errno(rawValue: errno).description
    }

    static let libraryErrors: Int32 = 4000
    /// ENOTSUPP of the kernel's own linux/errno.h, which no header for programs has.
    static let notSupportedByType: Int32 = 524
}

extension BPFError.Code {
    init(errno: Int32) {
        self =
            switch errno {
            case EPERM, EACCES: .permission
            case ENOSYS, EOPNOTSUPP, BPFError.notSupportedByType: .unsupported
            case EEXIST: .exists
            case ENOENT: .notFound
            case E2BIG, ENOSPC: .full
            case EBUSY: .busy
            case BPFError.libraryErrors...: .invalidObject
            default: .system
            }
    }
}
