private import CLinux
import Glibc

/// A TUN interface that lives exactly as long as this value, and so at most as long as the process.
///
/// The kernel removes it, with its addresses and routes, when its last descriptor is closed, which also the
/// end by SIGKILL does (drivers/net/tun.c, `tun_chr_close`; TUNSETPERSIST is not asked for). It is meant to
/// carry addresses: what is sent into it nobody reads.
@safe package struct TunInterface: ~Copyable, Sendable {
    package static let devicePath = "/dev/net/tun"

    private let descriptor: FileDescriptor
    /// As the kernel made it of the pattern.
    package let name: String

    /// Makes one in the network namespace of the calling thread. It is down and has no addresses.
    ///
    /// - Parameters:
    ///   - pattern: its name, at most 15 bytes; `%d` in it becomes the first number that is free.
    ///   - device: where the device node is.
    package init(pattern: String, device: String = TunInterface.devicePath) throws(SystemError) {
        precondition(
            (1..<Int(CLINUX_INTERFACE_NAME_BYTES)).contains(pattern.utf8.count), "no name of an interface: \(pattern)")
        let descriptor = try attempting("open \(device)") { () throws(Errno) in
            try FileDescriptor(opening: device, flags: O_RDWR)
        }
        name = try Self.makeInterface(pattern, descriptor.rawValue)
        self.descriptor = descriptor
    }

    private static func makeInterface(_ pattern: String, _ descriptor: Int32) throws(SystemError) -> String {
        var name = [CChar](repeating: 0, count: Int(CLINUX_INTERFACE_NAME_BYTES))
        for (index, byte) in pattern.utf8.enumerated() { name[index] = CChar(bitPattern: byte) }
        try attempting("make the interface \(pattern)") { () throws(Errno) in
            // SAFETY: the array has the length that the C side writes at most, and ends with a NUL.
            _ = try syscall("ioctl") { unsafe clinux_create_tun(descriptor, &name) }
        }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
