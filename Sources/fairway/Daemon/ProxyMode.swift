internal import BPFDataplane
internal import NftablesDataplane

/// What carries Services into the kernel: `--proxy-mode`.
enum ProxyMode: String, Sendable, CaseIterable {
    case nftables
    case ebpf

    /// As the dataplane itself has it.
    var name: String {
        switch self {
        case .nftables: NftablesDataplane.modeName
        case .ebpf: BPFDataplane.modeName
        }
    }

    /// Decides flows in the kernel's connection tracking, which then is to be kept in step with the Services.
    var usesConntrack: Bool { self == .nftables }
}
