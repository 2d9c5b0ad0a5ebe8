import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes

/// A raw socket that carries SCTP packets made by hand (RFC 9260), joined to one peer.
///
/// The kernel's own SCTP is not needed: connection tracking and NAT parse the packets by themselves.
final class SCTPSocket: Sendable {
    private let descriptor: Int32
    private let family: IPFamily

    /// Opens it in the namespace of the calling thread.
    init(peer: IPAddress) throws {
        family = peer.family
        let domain = family == .ipv4 ? AF_INET : AF_INET6
        descriptor = socket(domain, Int32(SOCK_RAW.rawValue), Int32(IPPROTO_SCTP))
        guard descriptor >= 0 else { throw TestSupportError("raw socket: errno \(errno)") }
        var timeout = timeval(tv_sec: 3, tv_usec: 0)
        // SAFETY: the pointer is to a timeval of the length given, which outlives the call.
        let option = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard option == 0, SCTPSocket.connect(descriptor, to: peer) == 0 else {
            throw TestSupportError("raw socket to \(peer): errno \(errno)")
        }
    }

    deinit { Glibc.close(descriptor) }

    private static func connect(_ descriptor: Int32, to peer: IPAddress) -> Int32 {
        let bytes = peer.networkBytes
        // sockaddr_in and sockaddr_in6 of <netinet/in.h>: family, port, (flow,) address, padding or scope.
        let domain = UInt16(peer.family == .ipv4 ? AF_INET : AF_INET6)
        let head = [UInt8(truncatingIfNeeded: domain), UInt8(domain >> 8), 0, 0]
        let zeros: [UInt8] = [0, 0, 0, 0]
        let address = head + (peer.family == .ipv4 ? bytes + zeros + zeros : zeros + bytes + zeros)
        // SAFETY: the buffer holds a whole socket address of its family, and outlives the call.
        return unsafe address.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return -1 }
            return unsafe Glibc.connect(
                descriptor, base.assumingMemoryBound(to: sockaddr.self), socklen_t(buffer.count))
        }
    }

    func send(_ packet: SCTPPacket) throws {
        let bytes = packet.encoded
        // SAFETY: the buffer is valid for the call and only read.
        let sent = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
        guard sent == bytes.count else { throw TestSupportError("send SCTP: errno \(errno)") }
    }

    /// Waits for a packet from the peer.
    func receive() throws -> SCTPPacket {
        var buffer = [UInt8](repeating: 0, count: 2048)
        // SAFETY: the buffer is valid for the call, and no more than its length is written.
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { throw TestSupportError("no SCTP packet came: errno \(errno)") }
        // An IPv4 raw socket delivers the IP header too; its length is in the low half of its first byte.
        let header = family == .ipv4 ? Int(buffer[0] & 15) * 4 : 0
        return try SCTPPacket(decoding: buffer[header..<count])
    }
}

/// An SCTP packet of one chunk: INIT or INIT ACK (RFC 9260, sections 3.3.2 and 3.3.3).
struct SCTPPacket: Equatable {
    static let initiation: UInt8 = 1
    static let acknowledgement: UInt8 = 2

    var source: UInt16
    var destination: UInt16
    /// 0 in an INIT; in its answer, the initiate tag of the INIT.
    var verificationTag: UInt32
    var chunkType: UInt8
    var initiateTag: UInt32

    init(source: UInt16, destination: UInt16, verificationTag: UInt32, chunkType: UInt8, initiateTag: UInt32) {
        self.source = source
        self.destination = destination
        self.verificationTag = verificationTag
        self.chunkType = chunkType
        self.initiateTag = initiateTag
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        func put(_ value: some FixedWidthInteger) {
            for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        put(source)
        put(destination)
        put(verificationTag)
        put(UInt32(0))
        // An INIT ACK must carry a state cookie (parameter 7), here of four bytes.
        let cookie: [UInt8] = chunkType == SCTPPacket.acknowledgement ? [0, 7, 0, 8, 1, 2, 3, 4] : []
        bytes += [chunkType, 0]
        put(UInt16(20 + cookie.count))
        put(initiateTag)
        // Receiver window, streams out and in, initial sequence number.
        put(UInt32(65536))
        put(UInt16(1))
        put(UInt16(1))
        put(UInt32(1))
        bytes += cookie
        let checksum = crc32c(bytes)
        // The checksum goes least significant byte first (RFC 9260, appendix A).
        for index in 0..<4 { bytes[8 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(index))) }
        return bytes
    }

    /// - Throws: when it is too short, or its checksum is wrong.
    init(decoding packet: ArraySlice<UInt8>) throws {
        var bytes = Array(packet)
        guard bytes.count >= 32 else { throw TestSupportError("an SCTP packet of \(bytes.count) bytes") }
        func take<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
            bytes[offset..<(offset + Value.bitWidth / 8)].reduce(0) { $0 << 8 | Value($1) }
        }
        self.init(
            source: take(0, UInt16.self), destination: take(2, UInt16.self), verificationTag: take(4, UInt32.self),
            chunkType: bytes[12], initiateTag: take(16, UInt32.self))
        let carried = take(8, UInt32.self).byteSwapped
        bytes.replaceSubrange(8..<12, with: [0, 0, 0, 0])
        guard crc32c(bytes) == carried else { throw TestSupportError("wrong SCTP checksum in \(self)") }
    }
}

/// CRC-32C (Castagnoli), bit by bit: packets here have some forty bytes.
private func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 {
            let carry = sum & 1
            sum >>= 1
            if carry == 1 { sum ^= 0x82F6_3B78 }
        }
    }
    return ~sum
}
