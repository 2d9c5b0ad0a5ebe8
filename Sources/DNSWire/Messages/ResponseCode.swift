/// RCODE, with the upper bits that EDNS adds (RFC 1035 section 4.1.1, RFC 6891 section 6.1.3).
@frozen public struct ResponseCode: RawRepresentable, Sendable, Hashable, BitwiseCopyable {
    /// 0...4095; the lower four bits travel in the header, the rest in OPT.
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let noError = ResponseCode(rawValue: 0)
    public static let formatError = ResponseCode(rawValue: 1)
    public static let serverFailure = ResponseCode(rawValue: 2)
    public static let nameError = ResponseCode(rawValue: 3)
    public static let notImplemented = ResponseCode(rawValue: 4)
    public static let refused = ResponseCode(rawValue: 5)
    public static let badVersion = ResponseCode(rawValue: 16)
    public static let badCookie = ResponseCode(rawValue: 23)
}

extension ResponseCode: CustomStringConvertible {
    /// The mnemonic that dig prints, or the number.
    public var description: String {
        switch self {
        case .noError: "NOERROR"
        case .formatError: "FORMERR"
        case .serverFailure: "SERVFAIL"
        case .nameError: "NXDOMAIN"
        case .notImplemented: "NOTIMP"
        case .refused: "REFUSED"
        case .badVersion: "BADVERS"
        case .badCookie: "BADCOOKIE"
        default: "\(rawValue)"
        }
    }
}
