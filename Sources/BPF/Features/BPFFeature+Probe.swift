internal import CBPF
internal import Glibc
internal import LinuxSystem

extension BPFFeature {
    /// Those of `wanted` that this kernel does not have, in their order.
    ///
    /// Each is tried: version numbers say little about a distribution's kernel. Takes some milliseconds.
    ///
    /// - Throws: `.permission`.
    package static func missing(of wanted: [BPFFeature] = allCases) throws -> [BPFFeature] {
        var missing: [BPFFeature] = []
        for feature in wanted where try !feature.isAvailable() { missing.append(feature) }
        return missing
    }

    /// Whether this kernel has it, found out by trying.
    package func isAvailable() throws -> Bool {
        let (packet, address) = (BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_CGROUP_SOCK_ADDR)
        return switch self {
        case .packetPrograms: try ProbeProgram(packet).loads()
        case .clsact: try Self.clsactIsAvailable()
        case .addressPrograms: try ProbeProgram(address, BPF_CGROUP_INET4_GETPEERNAME).loads()
        case .releasePrograms:
            try ProbeProgram(BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE).loads()
        case .setReturnValue: try ProbeProgram(address, BPF_CGROUP_INET4_CONNECT).knows(BPF_FUNC_set_retval)
        case .namespaceCookie:
            try ProbeProgram(address, BPF_CGROUP_INET4_CONNECT).knows(BPF_FUNC_get_netns_cookie)
        case .forEachElement: try ProbeProgram(packet).knows(BPF_FUNC_for_each_map_elem)
        case .loop: try ProbeProgram(packet).knows(BPF_FUNC_loop)
        case .redirectNeighbor: try ProbeProgram(packet).knows(BPF_FUNC_redirect_neigh)
        case .routeLookup: try ProbeProgram(packet).knows(BPF_FUNC_fib_lookup)
        case .fetchingAtomics: try ProbeProgram(packet).loads(.fetchAndAdd)
        case .batches: try Self.batchesAreAvailable()
        case .fileSystem: Self.lines(of: "/proc/filesystems").contains { $0.hasSuffix("\tbpf") }
        case .cgroups: !CgroupMount.list().isEmpty
        }
    }

    /// Tried on the loopback interface of a network namespace that is gone afterwards.
    private static func clsactIsAvailable() throws -> Bool {
        try namespace().insideBlocking {
            do throws(BPFError) {
                try TrafficFilter.ensureQdisc(interfaceIndex: 1)
                return true
            } catch {
                if error.code == .permission { throw error }
                return false
            }
        }
    }

    private static func namespace() throws -> NetworkNamespace {
        do { return try NetworkNamespace.make() } catch let error as SystemError where error.errno.rawValue == EPERM {
            throw SystemError("make a network namespace to try a qdisc in, which needs CAP_SYS_ADMIN", error.errno)
        }
    }

    private static func batchesAreAvailable() throws(BPFError) -> Bool {
        let map = try BPFMap<UInt32, UInt32>(creating: .hash, name: "probe", maxEntries: 2)
        do throws(BPFError) {
            try map.updateBatch(keys: [1, 2], values: [1, 2])
            return true
        } catch {
            if error.code == .permission { throw error }
            return false
        }
    }

    static func lines(of path: String) -> [Substring] {
        let file = try? FileDescriptor(opening: path)
        return String(decoding: (try? file?.readAll()) ?? [], as: UTF8.self).split(separator: "\n")
    }
}
