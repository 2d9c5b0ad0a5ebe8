import CNetfilter

/// A growing buffer of netlink messages and attributes, in the kernel's layout (linux/netlink.h).
struct NetlinkWriter: ~Copyable, Sendable {
    /// Bytes from `count` on are always zero, so that padding needs no writing.
    private(set) var storage: [UInt8]
    /// Bytes written so far; a multiple of four between messages.
    private(set) var count = 0

    static let headerBytes = 16
    /// linux/netfilter/nfnetlink.h `struct nfgenmsg`.
    static let netfilterHeaderBytes = 4

    init(capacity: Int) { storage = [UInt8](repeating: 0, count: capacity) }

    /// Makes room for `bytes` more.
    mutating func reserve(_ bytes: Int) {
        guard count + bytes > storage.count else { return }
        var larger = [UInt8](repeating: 0, count: max(storage.count * 2, count + bytes))
        larger.replaceSubrange(0..<count, with: storage[0..<count])
        storage = larger
    }

    /// Begins a message; returns where it starts, for `endMessage`.
    mutating func beginMessage(type: UInt16, flags: UInt16, sequence: UInt32) -> Int {
        reserve(NetlinkWriter.headerBytes)
        let start = count
        store(type, at: start + 4)
        store(flags, at: start + 6)
        store(sequence, at: start + 8)
        count += NetlinkWriter.headerBytes
        return start
    }

    /// Begins a message of nfnetlink: family, version 0 and the resource id.
    mutating func beginNetfilterMessage(
        type: UInt16, flags: UInt16, sequence: UInt32, family: UInt8, resource: UInt16 = 0
    ) -> Int {
        let start = beginMessage(type: type, flags: flags, sequence: sequence)
        reserve(NetlinkWriter.netfilterHeaderBytes)
        storage[count] = family
        store(resource.bigEndian, at: count + 2)
        count += NetlinkWriter.netfilterHeaderBytes
        return start
    }

    /// Fills in the length of the message at `start`; may be called again after more was appended.
    mutating func endMessage(at start: Int) { store(UInt32(count - start), at: start) }

    func flags(ofMessageAt start: Int) -> UInt16 {
        // SAFETY: bytes have no padding.
        unsafe storage.span.bytes.integer(at: start + 6, as: UInt16.self) ?? 0
    }

    mutating func setFlags(_ flags: UInt16, ofMessageAt start: Int) {
        store(flags, at: start + 6)
    }

    /// Begins a nested attribute; returns where it starts, for `endNest`.
    mutating func beginNest(_ type: Int) -> Int {
        reserve(4)
        let start = count
        store(UInt16(type) | UInt16(NLA_F_NESTED), at: start + 2)
        count += 4
        return start
    }

    /// - Precondition: the attribute is at most 65 535 bytes long; callers cut before that.
    mutating func endNest(at start: Int) { store(UInt16(count - start), at: start) }

    /// An attribute of 32 bits in network order, as nf_tables has them.
    mutating func put(_ type: Int, networkOrder value: UInt32) {
        let payload = addAttribute(type, byteCount: 4)
        store(value.bigEndian, at: payload)
    }

    /// An attribute of 64 bits in network order.
    mutating func put(_ type: Int, networkOrder value: UInt64) {
        let payload = addAttribute(type, byteCount: 8)
        store(value.bigEndian, at: payload)
    }

    /// An attribute of 32 bits in the order of the host, as rtnetlink has them.
    mutating func put(_ type: Int, hostOrder value: UInt32) {
        let payload = addAttribute(type, byteCount: 4)
        store(value, at: payload)
    }

    mutating func put(_ type: Int, _ bytes: [UInt8]) {
        let payload = addAttribute(type, byteCount: bytes.count)
        copy(bytes, to: payload)
    }

    /// A NUL-terminated string.
    mutating func put(_ type: Int, _ text: String) {
        let payload = addAttribute(type, byteCount: text.utf8.count + 1)
        copy(text, to: payload)
    }

    /// An attribute's header, and room for what it holds, padded to four. Returns where that begins.
    private mutating func addAttribute(_ type: Int, byteCount: Int) -> Int {
        let padded = (byteCount + 3) & ~3
        reserve(4 + padded)
        let start = count
        store(UInt16(4 + byteCount), at: start)
        store(UInt16(type), at: start + 2)
        count += 4 + padded
        return start + 4
    }

    /// Bytes without an attribute header, padded to four.
    mutating func append(_ bytes: [UInt8]) {
        let padded = (bytes.count + 3) & ~3
        reserve(padded)
        copy(bytes, to: count)
        count += padded
    }

    /// 32 bits in the order of the host, without an attribute header.
    mutating func append(hostOrder value: UInt32) {
        reserve(4)
        store(value, at: count)
        count += 4
    }

    /// Lets C write one whole message of at most `room` bytes at the end, and keeps what it wrote.
    ///
    /// - Parameter body: gets `room` zeroed bytes and returns the aligned length it used.
    mutating func appendMessage(room: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        reserve(room)
        let start = count
        // SAFETY: `reserve` made `room` bytes after `start`; the pointer is not used after `body`.
        let used = unsafe storage.withUnsafeMutableBytes { bytes -> Int in
            guard let base = bytes.baseAddress else { return 0 }
            return unsafe body(base + start)
        }
        precondition(used <= room, "a message outgrew the room it was given")
        count += used
    }

    private mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        // SAFETY: every caller has reserved the bytes it writes; storeBytes needs no alignment.
        unsafe storage.withUnsafeMutableBytes { bytes in
            unsafe bytes.storeBytes(of: value, toByteOffset: offset, as: T.self)
        }
    }

    private mutating func copy(_ source: [UInt8], to offset: Int) {
        // SAFETY: the caller has reserved source.count bytes at `offset`; source is another array.
        unsafe storage.withUnsafeMutableBytes { bytes in
            unsafe source.withUnsafeBytes { from in
                guard let base = bytes.baseAddress, let first = from.baseAddress else { return }
                unsafe (base + offset).copyMemory(from: first, byteCount: from.count)
            }
        }
    }

    private mutating func copy(_ text: String, to offset: Int) {
        var position = offset
        for byte in text.utf8 {
            storage[position] = byte
            position += 1
        }
    }
}
