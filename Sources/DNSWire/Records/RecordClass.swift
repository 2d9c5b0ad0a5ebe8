/// CLASS and QCLASS (RFC 1035 section 3.2.4).
@frozen public struct RecordClass: RawRepresentable, Sendable, Hashable, BitwiseCopyable, LosslessStringConvertible {
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let internet = RecordClass(rawValue: 1)
    public static let chaos = RecordClass(rawValue: 3)
    public static let hesiod = RecordClass(rawValue: 4)
    public static let none = RecordClass(rawValue: 254)
    public static let any = RecordClass(rawValue: 255)

    /// The mnemonic, or `CLASS32` (RFC 3597 section 5).
    public var description: String {
        switch self {
        case .internet: "IN"
        case .chaos: "CH"
        case .hesiod: "HS"
        case .none: "NONE"
        case .any: "ANY"
        default: "CLASS\(rawValue)"
        }
    }
}

extension RecordClass {
    /// A mnemonic in any case, or `CLASS` and a number.
    public init?(_ text: String) {
        let upper = text.uppercased()
        let known: [RecordClass] = [.internet, .chaos, .hesiod, .none, .any]
        if let known = known.first(where: { $0.description == upper }) {
            self = known
        } else if upper.hasPrefix("CLASS"), let value = UInt16(upper.dropFirst(5)) {
            self.init(rawValue: value)
        } else {
            return nil
        }
    }
}
