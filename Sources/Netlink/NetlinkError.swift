import Glibc

/// What the kernel refused, or what was wrong with a request, in one line an operator can act on.
package struct NetlinkError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it was: what a caller decides by.
    package enum Code: Sendable, Hashable {
        /// EPERM or EACCES: CAP_NET_ADMIN is missing in this network namespace.
        case permission
        /// The kernel lacks the netlink family, nf_tables, or an expression.
        case unsupported
        /// EEXIST: the object is there already, and differs.
        case exists
        /// ENOENT: the object, or one that it names, is not there.
        case notFound
        /// EBUSY: the object is still referred to.
        case busy
        /// ERESTART: the ruleset changed since the generation the batch was made for.
        case generationChanged
        /// The socket's receive queue overflowed (ENOBUFS): results or notifications were lost.
        case overflow
        /// The request cannot be encoded: a name or comment too long, an unknown expression.
        case invalidRequest
        /// The kernel's answer could not be understood.
        case malformedAnswer
        /// Anything else; see `errno`.
        case system
    }

    package let code: Code
    /// The action, as `commit nftables batch`.
    package let doing: String
    /// The system's error number, 0 when the failure is not the system's.
    package let errno: Int32
    /// The kernel's extended acknowledgement (NLMSGERR_ATTR_MSG), when it gave one.
    package let kernelText: String?
    /// The operation that failed, as `add chain ip fairway services`.
    package let object: String?

    package init(_ code: Code, doing: String, errno: Int32 = 0, kernelText: String? = nil, object: String? = nil) {
        self.code = code
        self.doing = doing
        self.errno = errno
        self.kernelText = kernelText
        self.object = object
    }

    /// An error of the system's, its code derived from `errno`.
    init(errno: Int32, doing: String, kernelText: String? = nil, object: String? = nil) {
        self.init(Code(errno: errno), doing: doing, errno: errno, kernelText: kernelText, object: object)
    }

    package var description: String {
        var text = object.map { "\(doing): \($0)" } ?? doing
        if errno != 0 { text += ": \(NetlinkError.systemText(errno))" }
        if let kernelText { text += " (\(kernelText))" }
        switch code {
        case .permission: text += "; CAP_NET_ADMIN is needed in this network namespace"
        case .unsupported: text += "; this kernel lacks nf_tables or a part of it that is needed (CONFIG_NF_TABLES)"
        case .generationChanged: text += "; the ruleset was changed by someone else meanwhile"
        case .overflow: text += "; the netlink receive queue overflowed and messages were lost"
        default: break
        }
        return text
    }

    /// The system's words for an error number.
    private static func systemText(_ errno: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        // SAFETY: the buffer's length is stated; strerror_r writes no further.
        guard unsafe strerror_r(errno, &buffer, buffer.count) == 0 else { return "errno \(errno)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension NetlinkError.Code {
    init(errno: Int32) {
        self =
            switch errno {
            case EPERM, EACCES: .permission
            case EPROTONOSUPPORT, EAFNOSUPPORT, EOPNOTSUPP: .unsupported
            case EEXIST: .exists
            case ENOENT: .notFound
            case EBUSY: .busy
            case ERESTART: .generationChanged
            case ENOBUFS: .overflow
            default: .system
            }
    }
}
