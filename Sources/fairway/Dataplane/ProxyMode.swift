internal import BPFDataplane
internal import NftablesDataplane
internal import UserspaceDataplane

/// What carries Services into the kernel: `--proxy-mode`.
enum ProxyMode: String, Sendable, CaseIterable {
    case nftables
    case ebpf
    case userspace

    /// As the dataplane itself has it.
    var name: String {
        switch self {
        case .nftables: NftablesDataplane.modeName
        case .ebpf: BPFDataplane.modeName
        case .userspace: UserspaceDataplane.modeName
        }
    }

    /// Decides flows in the kernel's connection tracking, which then is to be kept in step with the Services.
    ///
    /// Not so the userspace mode, whose flows end at this node's own sockets: which backend they have is the relay's to
    /// change, and what looks like a flow that nobody translated is one that the relay answers.
    var keepsFlowsInConntrack: Bool { self == .nftables }
}
