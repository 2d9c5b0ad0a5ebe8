/// A transport port, 1 to 65535, in host byte order.
public struct PortNumber: Sendable, Hashable, Comparable, CustomStringConvertible, RawRepresentable {
    public let rawValue: UInt16

    /// Fails for 0, which is no port.
    public init?(rawValue: UInt16) {
        guard rawValue != 0 else { return nil }
        self.rawValue = rawValue
    }

    /// Fails outside 1...65535.
    public init?(_ value: some BinaryInteger) {
        guard let small = UInt16(exactly: value) else { return nil }
        self.init(rawValue: small)
    }

    public var description: String { String(rawValue) }
    public static func < (a: PortNumber, b: PortNumber) -> Bool { a.rawValue < b.rawValue }
}

extension PortNumber: ExpressibleByIntegerLiteral {
    /// Traps for a literal outside 1...65535: that is a mistake in the source text.
    public init(integerLiteral value: UInt16) {
        precondition(value != 0, "0 is not a port")
        self.rawValue = value
    }
}
