internal import Glibc
internal import LinuxSystem

/// Forgets every tracked connection of the calling thread's network namespace: an IPCTNL_MSG_CT_DELETE
/// that names none (linux/netfilter/nfnetlink_conntrack.h).
func flushConntrack() throws(Errno) {
    let netfilter: Int32 = 12  // NETLINK_NETFILTER of linux/netlink.h
    let socket = FileDescriptor(
        owning: try syscall("socket") {
            Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), netfilter)
        })
    let (subsystem, delete): (UInt16, UInt16) = (1, 2)
    let (request, acknowledge): (UInt16, UInt16) = (1, 4)
    var message: [UInt8] = []
    func append(_ value: some FixedWidthInteger) {
        // SAFETY: the bytes of a local integer are copied.
        unsafe withUnsafeBytes(of: value) { unsafe message.append(contentsOf: $0) }
    }
    append(UInt32(20))
    append(subsystem << 8 | delete)
    append(request | acknowledge)
    append(UInt64(1))
    append(UInt32(0))
    try socket.writeAll(message)
    var answer = [UInt8](repeating: 0, count: 256)
    let count = try socket.read(into: &answer) ?? 0
    // struct nlmsgerr: the error follows the header of 16 bytes.
    guard count >= 20 else { throw Errno(rawValue: EBADMSG) }
    let code = answer[16..<20].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    if code != 0 { throw Errno(rawValue: -Int32(bitPattern: code)) }
}
