internal import CBPF

/// Where a program is attached (enum bpf_attach_type of linux/bpf.h).
package struct BPFAttachType: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(_ type: bpf_attach_type) { rawValue = UInt32(type.rawValue) }

    package static let connect4 = BPFAttachType(BPF_CGROUP_INET4_CONNECT)
    package static let connect6 = BPFAttachType(BPF_CGROUP_INET6_CONNECT)
    package static let sendmsg4 = BPFAttachType(BPF_CGROUP_UDP4_SENDMSG)
    package static let sendmsg6 = BPFAttachType(BPF_CGROUP_UDP6_SENDMSG)
    package static let recvmsg4 = BPFAttachType(BPF_CGROUP_UDP4_RECVMSG)
    package static let recvmsg6 = BPFAttachType(BPF_CGROUP_UDP6_RECVMSG)
    package static let getpeername4 = BPFAttachType(BPF_CGROUP_INET4_GETPEERNAME)
    package static let getpeername6 = BPFAttachType(BPF_CGROUP_INET6_GETPEERNAME)
    package static let sockRelease = BPFAttachType(BPF_CGROUP_INET_SOCK_RELEASE)

    /// libbpf's name, as `cgroup_inet4_connect`.
    package var description: String {
        // SAFETY: libbpf returns a constant string or nothing.
        guard let text = unsafe libbpf_bpf_attach_type_str(bpf_attach_type(bpf_attach_type.RawValue(rawValue))) else {
            return "attach type \(rawValue)"
        }
        return unsafe String(cString: text)
    }

    var raw: bpf_attach_type { bpf_attach_type(bpf_attach_type.RawValue(rawValue)) }
}
