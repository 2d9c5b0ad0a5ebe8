import CNetfilter

/// nft's userdata: a list of (type byte, length byte, value), where nft keeps what the kernel does not
/// need to know (libnftnl/udata.h). All integers are in host order.
struct Userdata: Sendable {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ type: Int, _ value: UInt32) {
        bytes.append(UInt8(type))
        bytes.append(4)
        // Byte by byte in host order.
        #if _endian(little)
            for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
        #else
            for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
        #endif
    }

    mutating func put(_ type: Int, nested: Userdata) {
        bytes.append(UInt8(type))
        bytes.append(UInt8(nested.bytes.count))
        bytes.append(contentsOf: nested.bytes)
    }

    /// A comment, NUL-terminated, cut to nft's limit.
    mutating func put(_ type: Int, comment: String) {
        let stored = NftablesLimits.storedComment(comment)
        bytes.append(UInt8(type))
        bytes.append(UInt8(stored.utf8.count + 1))
        bytes.append(contentsOf: stored.utf8)
        bytes.append(0)
    }

    /// Calls `body` with each entry of userdata that was read.
    static func forEach(_ bytes: RawSpan, _ body: (_ type: Int, _ value: RawSpan) -> Void) {
        var position = 0
        while let type = bytes.integer(at: position, as: UInt8.self),
            let length = bytes.integer(at: position + 1, as: UInt8.self)
        {
            let end = position + 2 + Int(length)
            guard end <= bytes.byteCount else { return }
            body(Int(type), bytes.extracting(position + 2..<end))
            position = end
        }
    }

    /// The text of the entry of `type`, nil when there is none.
    static func comment(in bytes: RawSpan, type: Int) -> String? {
        var comment: String?
        forEach(bytes) { if $0 == type { comment = $1.text } }
        return comment
    }
}
