/// What the ebpf mode needs of a kernel, by the name of each part.
package enum BPFFeature: String, Sendable, Hashable, CaseIterable {
    case packetPrograms = "tc programs"
    case clsact = "clsact qdisc"
    case addressPrograms = "cgroup sock_addr programs"
    case releasePrograms = "cgroup sock_release programs"
    case setReturnValue = "bpf_set_retval"
    case namespaceCookie = "bpf_get_netns_cookie"
    case forEachElement = "bpf_for_each_map_elem"
    case loop = "bpf_loop"
    case redirectNeighbor = "bpf_redirect_neigh"
    case routeLookup = "bpf_fib_lookup"
    case fetchingAtomics = "atomic operations that fetch"
    case batches = "batch operations on maps"
    case fileSystem = "bpf file system"
    case cgroups = "cgroup version 2"

    /// The Linux that it came with.
    package var since: String {
        switch self {
        case .packetPrograms: "4.1"
        case .clsact: "4.5"
        case .addressPrograms: "5.8"
        case .releasePrograms: "5.9"
        case .setReturnValue: "5.18"
        case .namespaceCookie: "5.7"
        case .forEachElement: "5.13"
        case .loop: "5.17"
        case .redirectNeighbor: "5.10"
        case .routeLookup: "4.18"
        case .fetchingAtomics: "5.12"
        case .batches: "5.6"
        case .fileSystem: "4.4"
        case .cgroups: "4.5"
        }
    }

    /// What to look at when a kernel of that age lacks it.
    package var configuration: String {
        switch self {
        case .packetPrograms: "CONFIG_NET_CLS_BPF"
        case .clsact: "CONFIG_NET_SCH_INGRESS"
        case .addressPrograms, .releasePrograms, .setReturnValue, .namespaceCookie: "CONFIG_CGROUP_BPF"
        case .forEachElement, .loop, .fetchingAtomics, .batches, .fileSystem: "CONFIG_BPF_SYSCALL"
        case .redirectNeighbor, .routeLookup: "CONFIG_INET"
        case .cgroups: "mounted, as at /sys/fs/cgroup"
        }
    }

    /// One line: what is missing, since when it is there, and where to look.
    package var textWhenMissing: String { "no \(rawValue): needs Linux \(since), \(configuration)" }
}
