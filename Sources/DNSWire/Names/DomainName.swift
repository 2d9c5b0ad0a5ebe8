/// An absolute domain name in wire form (RFC 1035 section 3.1): labels with their length bytes, and the root's 0.
///
/// Case is kept and takes no part in comparing (RFC 4343: ASCII letters only).
public struct DomainName: Sendable {
    /// 1...255 bytes; the last is 0; no compression pointer.
    public let wire: [UInt8]

    /// Bytes of a name at most, length bytes and root included (RFC 1035 section 2.3.4).
    public static let byteLimit = 255
    /// Bytes of one label at most.
    public static let labelByteLimit = 63

    public static let root = DomainName(checked: [0])

    /// - Precondition: `wire` is a whole name in wire form; only callers that have checked it come here.
    init(checked wire: [UInt8]) { self.wire = wire }

    /// From bytes in wire form; nil unless they are exactly one name without pointers.
    public init?(wire: [UInt8]) {
        guard wire.count <= Self.byteLimit else { return nil }
        var index = 0
        while index < wire.count {
            let length = Int(wire[index])
            if length == 0 {
                guard index == wire.count - 1 else { return nil }
                self.wire = wire
                return
            }
            guard length <= Self.labelByteLimit else { return nil }
            index += length + 1
        }
        return nil
    }

    /// From labels, first the leftmost; nil when one is empty or too long, or all together are.
    public init?(labels: some Sequence<some Collection<UInt8>>) {
        var wire: [UInt8] = []
        for label in labels {
            guard (1...Self.labelByteLimit).contains(label.count) else { return nil }
            wire.append(UInt8(truncatingIfNeeded: label.count))
            wire.append(contentsOf: label)
        }
        wire.append(0)
        guard wire.count <= Self.byteLimit else { return nil }
        self.wire = wire
    }

    public var isRoot: Bool { wire.count == 1 }

    /// The labels, first the leftmost; the root has none.
    public var labels: [ArraySlice<UInt8>] {
        var result: [ArraySlice<UInt8>] = []
        var index = 0
        while wire[index] != 0 {
            let end = index + 1 + Int(wire[index])
            result.append(wire[(index + 1)..<end])
            index = end
        }
        return result
    }

    /// The name without its first label, nil for the root.
    public var parent: DomainName? {
        isRoot ? nil : DomainName(checked: Array(wire[(1 + Int(wire[0]))...]))
    }

    /// The name with one more label before it; nil when that is too long or the label is empty.
    public func prepending(_ label: some Collection<UInt8>) -> DomainName? {
        guard (1...Self.labelByteLimit).contains(label.count), wire.count + label.count + 1 <= Self.byteLimit else {
            return nil
        }
        return DomainName(checked: [UInt8(truncatingIfNeeded: label.count)] + label + wire)
    }

    /// The same name with ASCII letters in lower case: the form that tables are keyed by.
    public var lowercased: DomainName { DomainName(checked: wire.map(Self.lowercase)) }

    /// This name is `other` or lies beneath it.
    public func isWithin(_ other: DomainName) -> Bool {
        var index = 0
        while wire.count - index > other.wire.count { index += 1 + Int(wire[index]) }
        guard wire.count - index == other.wire.count else { return false }
        return zip(wire[index...], other.wire).allSatisfy { Self.lowercase($0) == Self.lowercase($1) }
    }

    /// ASCII letters in lower case, every other byte as it is. Length bytes are below 64 and so never letters.
    static func lowercase(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }
}

extension DomainName: Hashable {
    public static func == (a: DomainName, b: DomainName) -> Bool {
        a.wire.count == b.wire.count && zip(a.wire, b.wire).allSatisfy { lowercase($0) == lowercase($1) }
    }

    public func hash(into hasher: inout Hasher) {
        for byte in wire { hasher.combine(Self.lowercase(byte)) }
    }
}
