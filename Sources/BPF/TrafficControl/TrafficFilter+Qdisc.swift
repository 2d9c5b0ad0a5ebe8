internal import CBPF
internal import Glibc
internal import Netlink

extension TrafficFilter {
    /// Sees to it that the interface has the clsact qdisc.
    ///
    /// - Returns: whether it was made now. Who made it may remove it; the kernel does not tell.
    /// - Throws: `.occupied` when the interface has the older `ingress` qdisc, whose one hook is for what comes in: what
    ///   is attached for the other direction would run there too. `.notFound` when there is no such interface.
    @discardableResult
    package static func ensureQdisc(interfaceIndex: UInt32) throws(BPFError) -> Bool {
        let doing = "add clsact to interface \(interfaceIndex)"
        var hook = bothHooks(interfaceIndex)
        var log = ""
        // SAFETY: the hook is a local that lives for the call.
        let status = LibraryMessages.collect(into: &log) { kernelCall { unsafe bpf_tc_hook_create(&hook) } }
        guard status == -EEXIST else {
            guard status >= 0 else { throw interfaceError(status, doing, log) }
            return true
        }
        let kind = try reading(doing) { filters throws(NetlinkError) in
            try filters.qdiscKind(interfaceIndex: interfaceIndex)
        }
        guard kind == "clsact" else {
            throw BPFError(.occupied, doing: doing, cause: "qdisc \(kind ?? "?") of somebody else is in its place")
        }
        return false
    }

    /// Removes the clsact qdisc when nothing is attached to it. For who made it: others may have a use for an empty one.
    ///
    /// A filter that comes between the look and the removal goes with it: the kernel has no call that does both.
    ///
    /// - Returns: false when something is left in it, or there is none.
    @discardableResult
    package static func removeQdiscIfEmpty(interfaceIndex: UInt32) throws(BPFError) -> Bool {
        let doing = "remove clsact of interface \(interfaceIndex)"
        let isEmpty = try reading(doing) { filters throws(NetlinkError) in
            guard try filters.qdiscKind(interfaceIndex: interfaceIndex) == "clsact" else { return false }
            return try filters.list(interfaceIndex: interfaceIndex).isEmpty
        }
        guard isEmpty else { return false }
        var hook = bothHooks(interfaceIndex)
        var log = ""
        // SAFETY: the hook is a local that lives for the call.
        let status = LibraryMessages.collect(into: &log) { kernelCall { unsafe bpf_tc_hook_destroy(&hook) } }
        if status == -ENOENT { return false }
        guard status >= 0 else { throw interfaceError(status, doing, log) }
        return true
    }

    private static func bothHooks(_ interfaceIndex: UInt32) -> bpf_tc_hook {
        var hook = TrafficHook(interfaceIndex: interfaceIndex, .ingress).raw
        hook.attach_point = bpf_tc_attach_point(BPF_TC_INGRESS.rawValue | BPF_TC_EGRESS.rawValue)
        return hook
    }

    private static func reading<T>(
        _ doing: String, _ body: (borrowing TrafficFilters) throws(NetlinkError) -> T
    ) throws(BPFError) -> T {
        do throws(NetlinkError) { return try body(try TrafficFilters()) } catch {
            throw BPFError(interfaceCode(error.errno), doing: doing, errno: error.errno, cause: error.kernelText)
        }
    }

    static func interfaceError(_ status: Int32, _ doing: String, _ log: String) -> BPFError {
        BPFError(
            interfaceCode(-status), doing: doing, errno: -status, cause: LibraryMessages.cause(in: log), log: log)
    }

    /// To tc an interface that is not there is a device that is not there.
    private static func interfaceCode(_ errno: Int32) -> BPFError.Code {
        errno == ENODEV ? .notFound : BPFError.Code(errno: errno)
    }
}
