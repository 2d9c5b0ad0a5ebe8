import CNetfilter
import Glibc

extension NetlinkSocket {
    /// Has the kernel drop, before they are queued, datagrams whose first message was caused by the
    /// socket `portID`, other than messages of type `except`.
    ///
    /// - Returns: false when the kernel takes no filter; everything is queued then.
    @discardableResult
    func dropMessages(causedBy portID: UInt32, except type: UInt16) -> Bool {
        // Classic BPF loads in network order what netlink writes in host order (linux/netlink.h:
        // nlmsg_type at 4, nlmsg_pid at 12); so the constants are turned round instead.
        let load = UInt16(BPF_LD | BPF_ABS)
        let compare = UInt16(BPF_JMP | BPF_JEQ | BPF_K)
        let answer = UInt16(BPF_RET | BPF_K)
        var program = [
            sock_filter(code: load | UInt16(BPF_W), jt: 0, jf: 0, k: 12),
            sock_filter(code: compare, jt: 0, jf: 2, k: portID.bigEndian),
            sock_filter(code: load | UInt16(BPF_H), jt: 0, jf: 0, k: 4),
            sock_filter(code: compare, jt: 0, jf: 1, k: UInt32(type.bigEndian)),
            sock_filter(code: answer, jt: 0, jf: 0, k: .max),
            sock_filter(code: answer, jt: 0, jf: 0, k: 0),
        ]
        let descriptor = descriptor
        // SAFETY: the kernel copies the program, whose length is stated, during the call.
        return unsafe program.withUnsafeMutableBufferPointer { instructions in
            var whole = unsafe sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
            return unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &whole, socklen_t(MemoryLayout<sock_fprog>.size)) == 0
        }
    }
}
