import CNetfilter
import Glibc

/// Bounds-checked reading of what the kernel sends. A field out of bounds reads as absent.
extension RawSpan {
    /// The value at a byte offset, in host order; nil past the end.
    func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T? {
        guard offset >= 0, byteCount - offset >= MemoryLayout<T>.size else { return nil }
        // SAFETY: checked above; every bit pattern is a valid integer.
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
    }

    /// The whole span as an integer in network order.
    var networkUInt32: UInt32? { integer(at: 0, as: UInt32.self)?.bigEndian }

    /// As `networkUInt32`, for 64 bits.
    var networkUInt64: UInt64? { integer(at: 0, as: UInt64.self)?.bigEndian }

    /// A copy of the bytes.
    var array: [UInt8] {
        // SAFETY: the buffer is only read, inside the closure.
        unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// Text up to the first NUL, or to the end.
    var text: String {
        // SAFETY: the buffer is only read, inside the closure.
        unsafe withUnsafeBytes { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Calls `body` with each attribute (NLA flags removed from the type) from `offset` on.
    @inline(__always)
    func forEachAttribute<E: Error>(
        from offset: Int = 0, _ body: (_ type: Int, _ payload: RawSpan) throws(E) -> Void
    ) throws(E) {
        var position = offset
        while let length = integer(at: position, as: UInt16.self),
            let type = integer(at: position + 2, as: UInt16.self)
        {
            let end = position + Int(length)
            guard length >= 4, end <= byteCount else { return }
            try body(Int(type & ~UInt16(NLA_F_NESTED | NLA_F_NET_BYTEORDER)), extracting(position + 4..<end))
            position += (Int(length) + 3) & ~3
        }
    }

    /// Where the payload of the first attribute of `type` lies.
    func range(ofAttribute wanted: Int, in bounds: Range<Int>) -> Range<Int>? {
        var position = bounds.lowerBound
        while position + 4 <= bounds.upperBound, let length = integer(at: position, as: UInt16.self),
            let type = integer(at: position + 2, as: UInt16.self)
        {
            let end = position + Int(length)
            guard length >= 4, end <= bounds.upperBound else { return nil }
            if Int(type & ~UInt16(NLA_F_NESTED | NLA_F_NET_BYTEORDER)) == wanted { return position + 4..<end }
            position += (Int(length) + 3) & ~3
        }
        return nil
    }
}

/// The header of a received message (linux/netlink.h `struct nlmsghdr`).
struct NetlinkMessageHeader {
    let length: Int
    let type: UInt16
    let flags: UInt16
    let sequence: UInt32
    let portID: UInt32

    /// Nil when the span is too short for the header, or for the length it states.
    init?(_ bytes: RawSpan) {
        guard let length = bytes.integer(at: 0, as: UInt32.self), length >= 16, Int(length) <= bytes.byteCount,
            let type = bytes.integer(at: 4, as: UInt16.self),
            let flags = bytes.integer(at: 6, as: UInt16.self),
            let sequence = bytes.integer(at: 8, as: UInt32.self),
            let portID = bytes.integer(at: 12, as: UInt32.self)
        else { return nil }
        self.length = Int(length)
        self.type = type
        self.flags = flags
        self.sequence = sequence
        self.portID = portID
    }
}

extension [UInt8] {
    /// Calls `body` with the header and the payload of each netlink message in the first `count` bytes.
    func forEachMessage<E: Error>(
        count: Int, _ body: (NetlinkMessageHeader, RawSpan) throws(E) -> Void
    ) throws(E) {
        // SAFETY: bytes have no padding, and the span does not outlive this call.
        let all = unsafe span.bytes
        var position = 0
        while position < count {
            let rest = all.extracting(position..<count)
            guard let header = NetlinkMessageHeader(rest) else { return }
            try body(header, rest.extracting(16..<header.length))
            position += (header.length + 3) & ~3
        }
    }
}

/// An acknowledgement or error (linux/netlink.h `struct nlmsgerr` and its attributes).
struct NetlinkAcknowledgement: Sendable {
    /// 0 for success, else a positive error number.
    let errno: Int32
    /// The sequence number of the message it is about.
    let sequence: UInt32
    /// The kernel's words (NLMSGERR_ATTR_MSG).
    var text: String?
    /// Where in that message the offending attribute begins (NLMSGERR_ATTR_OFFS).
    var offset: Int?

    init?(_ header: NetlinkMessageHeader, _ payload: RawSpan) {
        guard let code = payload.integer(at: 0, as: Int32.self),
            let original = payload.integer(at: 4, as: UInt32.self)
        else { return nil }
        errno = code == 0 ? 0 : -code
        sequence = header.sequence
        guard header.flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return }
        // With NLM_F_CAPPED only the header of the request is repeated, else all of it.
        let repeated = header.flags & UInt16(NLM_F_CAPPED) != 0 ? 16 : (Int(original) + 3) & ~3
        var text: String?
        var offset: Int?
        payload.forEachAttribute(from: 4 + repeated) { type, value in
            switch type {
            case Int(NLMSGERR_ATTR_MSG.rawValue): text = value.text
            case Int(NLMSGERR_ATTR_OFFS.rawValue): offset = value.integer(at: 0, as: UInt32.self).map(Int.init)
            default: break
            }
        }
        self.text = text
        self.offset = offset
    }
}
