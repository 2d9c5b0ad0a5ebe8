/// The names written so far, for pointers (RFC 1035 section 4.1.4).
///
/// A tree of labels: an entry is a label at a place of the message, and what follows it. Labels are compared byte for
/// byte, so that a name keeps the case it was given. Entries go away in the reverse of the order they came, when a
/// record that does not fit is taken back.
struct CompressionTable: Sendable {
    /// The first place that 14 bits do not reach.
    static let offsetLimit = 0x4000
    /// Places looked at for one label at most: names chosen to collide cost no more, and are written in full.
    static let probeLimit = 16
    /// The root, which every name ends in.
    static let root: UInt16 = 0

    private struct Entry {
        var offset: UInt16
        /// The entry of the labels behind this one, plus 1; `root`.
        var parent: UInt16
        var hash: UInt32
    }

    /// At most `offsetLimit` / 2: a label takes two bytes.
    private var entries: [Entry] = []
    /// Open addressing: an entry plus 1, 0 where there is none. A power of two, empty until the first name.
    private var slots: [UInt16] = []

    /// Pass it to `removeEntries` to return here.
    var mark: Int { entries.count }

    func offset(of entry: UInt16) -> UInt16 { entries[Int(entry) - 1].offset }

    /// The entry of a label before `parent`; nil when it has not been written within reach.
    func find(_ label: ArraySlice<UInt8>, before parent: UInt16, in message: [UInt8]) -> UInt16? {
        guard !slots.isEmpty else { return nil }
        let hash = Self.hash(label, parent)
        var slot = Int(hash) & (slots.count - 1)
        for _ in 0..<Self.probeLimit {
            let candidate = slots[slot]
            if candidate == 0 { return nil }
            let entry = entries[Int(candidate) - 1]
            if entry.hash == hash, entry.parent == parent, Self.stands(label, at: Int(entry.offset), in: message) {
                return candidate
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Remembers a label written at `offset` before `parent`; nil when the place is out of reach.
    mutating func insert(_ label: ArraySlice<UInt8>, before parent: UInt16, at offset: Int) -> UInt16? {
        guard offset < Self.offsetLimit, entries.count < Self.offsetLimit / 2 else { return nil }
        if (entries.count + 1) * 2 > slots.count { grow() }
        entries.append(
            Entry(
                offset: UInt16(truncatingIfNeeded: offset), parent: parent, hash: Self.hash(label, parent)))
        place(entries.count - 1)
        return UInt16(truncatingIfNeeded: entries.count)
    }

    mutating func removeEntries(after mark: Int) {
        while entries.count > mark {
            if let slot = slot(of: UInt16(truncatingIfNeeded: entries.count)) { slots[slot] = 0 }
            entries.removeLast()
        }
    }

    private mutating func grow() {
        slots = [UInt16](repeating: 0, count: max(32, slots.count * 2))
        for index in entries.indices { place(index) }
    }

    /// An entry that finds no slot within `probeLimit` is never found: its name is written again.
    private mutating func place(_ index: Int) {
        guard let slot = slot(of: 0, from: entries[index].hash) else { return }
        slots[slot] = UInt16(truncatingIfNeeded: index + 1)
    }

    private func slot(of entry: UInt16) -> Int? { slot(of: entry, from: entries[Int(entry) - 1].hash) }

    private func slot(of content: UInt16, from hash: UInt32) -> Int? {
        var slot = Int(hash) & (slots.count - 1)
        for _ in 0..<Self.probeLimit {
            if slots[slot] == content { return slot }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func stands(_ label: ArraySlice<UInt8>, at offset: Int, in message: [UInt8]) -> Bool {
        guard Int(message[offset]) == label.count else { return false }
        return message[(offset + 1)...(offset + label.count)] == label
    }

    /// FNV-1a.
    private static func hash(_ label: ArraySlice<UInt8>, _ parent: UInt16) -> UInt32 {
        var hash = (0x811C_9DC5 ^ UInt32(parent)) &* 0x0100_0193
        for byte in label { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return hash ^ hash >> 15
    }
}
