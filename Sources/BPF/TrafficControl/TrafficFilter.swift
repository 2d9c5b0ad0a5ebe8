internal import CBPF
internal import Glibc
internal import LinuxSystem

/// Programs at the clsact qdisc of an interface, in direct action mode: what a program returns is the verdict.
///
/// All of the calling thread's network namespace. Filters of others are neither changed nor removed.
package enum TrafficFilter {
    /// Attaches a program, or replaces the one of ours that is there: every packet sees the old one or the new one.
    ///
    /// - Parameter isOurs: whether a program of that name (at most 15 bytes), found at the place, may be replaced; by
    ///   default one of the same name.
    /// - Throws: `.occupied` when another filter is there; `.notFound` without the qdisc or the interface.
    package static func attach(
        _ program: borrowing BPFProgram, to hook: TrafficHook, at place: TrafficFilterPlace,
        replacing isOurs: ((String) -> Bool)? = nil
    ) throws(BPFError) {
        let doing = "attach program \(program.name) to \(hook) at \(place)"
        let own = program.identity.name
        let found = try query(hook, at: place)
        if let found {
            guard let name = found.name, isOurs?(name) ?? (name == own) else {
                let cause = "program \(found.name ?? "?") (id \(found.programID)) is there"
                throw BPFError(.occupied, doing: doing, cause: cause)
            }
        }
        var options = place.options
        options.prog_fd = program.descriptor.rawValue
        // What `query` does not see, as a filter of another kind, is not replaced either.
        options.flags = found == nil ? 0 : UInt32(BPF_TC_F_REPLACE.rawValue)
        var raw = hook.raw
        var log = ""
        // SAFETY: hook and options are locals that live for the call.
        let status = LibraryMessages.collect(into: &log) { kernelCall { unsafe bpf_tc_attach(&raw, &options) } }
        if status == -EEXIST {
            throw BPFError(.occupied, doing: doing, errno: EEXIST, cause: "another filter is there", log: log)
        }
        guard status >= 0 else { throw interfaceError(status, doing, log) }
    }

    /// What is at a place.
    package struct Attached: Sendable, Hashable {
        package let programID: UInt32
        /// Of the program; nil when it is gone already.
        package let name: String?
    }

    /// The BPF filter at a place; nil when there is none, or no qdisc.
    ///
    /// - Throws: `.notFound` when there is no such interface.
    package static func query(_ hook: TrafficHook, at place: TrafficFilterPlace) throws(BPFError) -> Attached? {
        var options = place.options
        var raw = hook.raw
        var log = ""
        // SAFETY: hook and options are locals that live for the call.
        let status = LibraryMessages.collect(into: &log) { kernelCall { unsafe bpf_tc_query(&raw, &options) } }
        // Without the qdisc the kernel says EINVAL (no such parent).
        if status == -ENOENT || status == -EINVAL { return nil }
        guard status >= 0 else { throw interfaceError(status, "look at \(hook) at \(place)", log) }
        let id = options.prog_id
        return Attached(programID: id, name: try BPFProgramIdentity(id: id)?.name)
    }

    /// Removes the filter of ours at a place. False when there was none.
    ///
    /// - Throws: `.occupied` when the filter is somebody else's.
    @discardableResult
    package static func detach(
        from hook: TrafficHook, at place: TrafficFilterPlace, removing isOurs: (String) -> Bool
    ) throws(BPFError) -> Bool {
        let doing = "detach from \(hook) at \(place)"
        guard let found = try query(hook, at: place) else { return false }
        guard let name = found.name, isOurs(name) else {
            throw BPFError(.occupied, doing: doing, cause: "program \(found.name ?? "?") is not ours")
        }
        var options = place.options
        var raw = hook.raw
        var log = ""
        // SAFETY: hook and options are locals that live for the call.
        let status = LibraryMessages.collect(into: &log) { kernelCall { unsafe bpf_tc_detach(&raw, &options) } }
        if status == -ENOENT { return false }
        guard status >= 0 else { throw interfaceError(status, doing, log) }
        return true
    }
}

extension TrafficFilterPlace {
    fileprivate var options: bpf_tc_opts {
        var options = bpf_tc_opts()
        options.sz = optionsSize(upTo: \bpf_tc_opts.priority)
        options.handle = handle
        options.priority = UInt32(priority)
        return options
    }
}
