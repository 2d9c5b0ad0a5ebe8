import Glibc
import LinuxSystem
import NetworkTypes

/// A tun device of the calling thread's network namespace, whose packets have no Ethernet headers; gone with its value.
@safe struct BareDevice: ~Copyable {
    struct Refused: Error { let errno: Int32 }

    private let descriptor: FileDescriptor

    init(named name: String) throws {
        descriptor = try Self.open(name)
    }

    private static func open(_ name: String) throws -> FileDescriptor {
        let descriptor = try FileDescriptor(opening: TunInterface.devicePath, flags: O_RDWR | O_NONBLOCK)
        // linux/if.h `struct ifreq`: the name, at byte 16 the flags IFF_TUN and IFF_NO_PI.
        var request = [UInt8](repeating: 0, count: 40)
        request.replaceSubrange(0..<name.utf8.count, with: name.utf8)
        (request[16], request[17]) = (0x01, 0x10)
        // SAFETY: TUNSETIFF reads and writes one struct ifreq, which the array holds.
        let status = unsafe request.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return Int32(-1) }
            return unsafe ioctl(descriptor.rawValue, 0x4004_54ca, base)
        }
        guard status == 0 else { throw Refused(errno: errno) }
        return descriptor
    }

    /// Has the packet arrive.
    func deliver(_ packet: [UInt8]) throws { _ = try descriptor.write(packet.span) }

    /// The next datagram of UDP that left by the device; nil when there is none before the deadline.
    func nextDatagram(before deadline: ContinuousClock.Instant) throws -> BareDatagram? {
        let epoll = try Epoll()
        try epoll.add(descriptor.rawValue, .readable, token: 0)
        var buffer = [UInt8](repeating: 0, count: 2048)
        while ContinuousClock.now < deadline {
            _ = try epoll.wait(timeout: .milliseconds(200))
            while let count = try descriptor.read(into: &buffer) {
                // What the kernel itself has to say, as it does over IPv6, is passed by.
                if let datagram = BareDatagram(Array(buffer.prefix(count))) { return datagram }
            }
        }
        return nil
    }
}

/// A datagram of UDP in IP, without fragments and extension headers.
struct BareDatagram {
    var source: SocketAddress
    var destination: SocketAddress
    var payload: [UInt8]

    init(_ source: SocketAddress, to destination: SocketAddress, payload: String) {
        (self.source, self.destination, self.payload) = (source, destination, Array(payload.utf8))
    }

    init?(_ packet: [UInt8]) {
        let header: (length: Int, transport: Int, source: Range<Int>, destination: Range<Int>)
        switch packet.first.map({ $0 >> 4 }) {
        case 4: header = (20, 9, 12..<16, 16..<20)
        case 6: header = (40, 6, 8..<24, 24..<40)
        default: return nil
        }
        guard packet.count >= header.length + 8, packet[header.transport] == 17,
            let source = IPAddress(networkBytes: packet[header.source]),
            let destination = IPAddress(networkBytes: packet[header.destination])
        else { return nil }
        func port(_ offset: Int) -> UInt16 { UInt16(packet[header.length + offset]) << 8 | UInt16(packet[header.length + offset + 1]) }
        self.source = SocketAddress(source, port: port(0))
        self.destination = SocketAddress(destination, port: port(2))
        payload = Array(packet[(header.length + 8)...])
    }

    /// With both checksums.
    var packet: [UInt8] {
        let addresses = source.address.networkBytes + destination.address.networkBytes
        let length = UInt16(8 + payload.count)
        var datagram = Self.bytes(source.port, destination.port, length, 0) + payload
        let sum = Self.checksum(addresses + Self.bytes(17, length) + datagram)
        datagram.replaceSubrange(6..<8, with: Self.bytes(sum))
        if source.address.family == .ipv6 { return [0x60, 0, 0, 0] + Self.bytes(length) + [17, 64] + addresses + datagram }
        let header = [0x45, 0] + Self.bytes(20 + length, 1, 0) + [64, 17]
        return header + Self.bytes(Self.checksum(header + addresses)) + addresses + datagram
    }

    private static func bytes(_ values: UInt16...) -> [UInt8] {
        values.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    /// RFC 1071.
    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum = 0
        for (index, byte) in bytes.enumerated() { sum += Int(byte) << (index.isMultiple(of: 2) ? 8 : 0) }
        while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(truncatingIfNeeded: sum)
    }
}
