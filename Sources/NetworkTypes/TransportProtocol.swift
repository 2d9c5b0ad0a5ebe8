/// A transport protocol that a Service port can name. The raw value is its IP protocol number.
public enum TransportProtocol: UInt8, Sendable, Hashable, CaseIterable, Comparable, CustomStringConvertible {
    case tcp = 6
    case udp = 17
    case sctp = 132

    /// Parses the API's spelling, which is exact: `TCP`, `UDP` or `SCTP`.
    public init?(kubernetesName: some StringProtocol) {
        switch kubernetesName {
        case "TCP": self = .tcp
        case "UDP": self = .udp
        case "SCTP": self = .sctp
        default: return nil
        }
    }

    /// `TCP`, `UDP` or `SCTP`.
    public var kubernetesName: String {
        switch self {
        case .tcp: "TCP"
        case .udp: "UDP"
        case .sctp: "SCTP"
        }
    }

    /// `tcp`, `udp` or `sctp`, as nft and the DNS SRV labels spell it.
    public var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .sctp: "sctp"
        }
    }

    public static func < (a: TransportProtocol, b: TransportProtocol) -> Bool { a.rawValue < b.rawValue }
}
