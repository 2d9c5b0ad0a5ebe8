public import NetworkTypes

/// An nf_tables table's address family (`NFPROTO_*`). Fairway owns one table in each.
public enum NftablesFamily: UInt8, Sendable, Hashable, CaseIterable {
    case ip = 2
    case ip6 = 10

    public init(_ family: IPFamily) { self = family == .ipv4 ? .ip : .ip6 }
    public var ipFamily: IPFamily { self == .ip ? .ipv4 : .ipv6 }
    /// `ip` or `ip6`, as nft writes it.
    public var text: String { self == .ip ? "ip" : "ip6" }
}

/// A table's name: family and name.
public struct NftablesTable: Sendable, Hashable {
    public let family: NftablesFamily
    public let name: String
    public var comment: String?
    /// Switched off as a whole (`flags dormant`). Only ever read, never written.
    public var isDormant = false

    public init(family: NftablesFamily, name: String, comment: String? = nil) {
        self.family = family
        self.name = name
        self.comment = comment
    }
}

/// A chain; with a hook it is a base chain.
public struct NftablesChain: Sendable, Hashable {
    public enum ChainType: String, Sendable, Hashable { case filter, nat, route }
    /// `NF_INET_*` of linux/netfilter.h.
    public enum Hook: UInt32, Sendable, Hashable {
        case prerouting = 0
        case input = 1
        case forward = 2
        case output = 3
        case postrouting = 4
    }
    /// Where a base chain is attached, and what becomes of packets that come to its end.
    public struct Attachment: Sendable, Hashable {
        public let type: ChainType
        public let hook: Hook
        public let priority: Int32
        /// `policy drop`; else `policy accept`.
        public let dropsByPolicy: Bool

        public init(type: ChainType, hook: Hook, priority: Int32, dropsByPolicy: Bool = false) {
            self.type = type
            self.hook = hook
            self.priority = priority
            self.dropsByPolicy = dropsByPolicy
        }
    }

    public let name: String
    public var attachment: Attachment?
    public var comment: String?

    public init(_ name: String, attachment: Attachment? = nil, comment: String? = nil) {
        self.name = name
        self.attachment = attachment
        self.comment = comment
    }
}

/// One rule: expressions in the order the kernel runs them.
public struct NftablesRule: Sendable, Hashable {
    public let chain: String
    public var expressions: [RuleExpression]
    public var comment: String?

    public init(chain: String, _ expressions: [RuleExpression], comment: String? = nil) {
        self.chain = chain
        self.expressions = expressions
        self.comment = comment
    }
}

/// One component of a set's key or data. Decides its width, nft's datatype and the `typeof` text
/// that nft prints.
public enum NftablesField: Sendable, Hashable {
    /// `ip saddr` / `ip6 saddr`: 4 or 16 bytes, network order.
    case sourceAddress(NftablesFamily)
    /// `ip daddr` / `ip6 daddr`: 4 or 16 bytes, network order.
    case destinationAddress(NftablesFamily)
    /// `meta l4proto`: 1 byte.
    case transportProtocol
    /// `th dport`: 2 bytes, network order.
    case destinationPort
    /// `numgen random mod 2`: 4 bytes, host order. An index.
    case index
    /// `meta priority`: 4 bytes, host order.
    case priority
    /// `meta mark`: 4 bytes, host order.
    case mark

    /// Bytes of the value itself; in a concatenation each field is padded to a multiple of four.
    public var byteCount: Int {
        switch self {
        case .sourceAddress(let family), .destinationAddress(let family): family == .ip ? 4 : 16
        case .transportProtocol: 1
        case .destinationPort: 2
        case .index, .priority, .mark: 4
        }
    }
    /// `byteCount` rounded up to a multiple of four.
    public var paddedByteCount: Int { (byteCount + 3) & ~3 }
}

/// A named set, or a map when it has data.
public struct NftablesSet: Sendable, Hashable {
    public enum DataType: Sendable, Hashable {
        case fields([NftablesField])
        case verdict
    }
    public struct Flags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Elements are ranges. With a concatenated key, each field is a range of its own, from `key` to
        /// `keyEnd`, and every field is in network order (see `NftablesElement.key`).
        public static let interval = Flags(rawValue: 1)
        /// Elements may expire.
        public static let timeout = Flags(rawValue: 2)
        /// Rules add elements.
        public static let dynamic = Flags(rawValue: 4)
    }

    public let name: String
    public let key: [NftablesField]
    public let data: DataType?
    public var flags: Flags
    /// How many elements fit, nil for any number. Rules add no more than that (`RuleExpression.dynamicSet`);
    /// the kernel gives a set that rules change and that has no size one of 65 535.
    public var size: UInt32?
    public var comment: String?
    /// Whether elements are ranges of a concatenated key, kept in network order.
    public var isConcatenatedInterval: Bool { flags.contains(.interval) && key.count > 1 }

    public init(
        _ name: String, key: [NftablesField], data: DataType? = nil, flags: Flags = [], size: UInt32? = nil,
        comment: String? = nil
    ) {
        self.name = name
        self.key = key
        self.data = data
        self.flags = flags
        self.size = size
        self.comment = comment
    }
}

/// A verdict a rule or a map element gives.
public enum NftablesVerdict: Sendable, Hashable {
    case accept
    case drop
    case `continue`
    case `return`
    case jump(String)
    case goto(String)
}

/// One element of a set or map.
///
/// A first sync makes 100 000 of them and copies each a few times: what few elements have is kept aside,
/// so that a copy is two references and not seven fields.
public struct NftablesElement: Sendable, Hashable {
    public enum Data: Sendable, Hashable {
        case value([UInt8])
        case verdict(NftablesVerdict)
    }
    /// The key's fields, each padded with zeros to a multiple of four bytes, in order; a key of one
    /// field is not padded. In an interval set of a concatenated key the fields that are in host order
    /// elsewhere (`meta priority`, `meta mark`, an index) are in network order, as nft has them.
    public var key: [UInt8]
    public var data: Data?
    private var aside: Aside?
    /// For interval sets: the key after the last one (nft's half-open form) is a second element with
    /// this flag set.
    public var isIntervalEnd: Bool

    public init(
        key: [UInt8], isIntervalEnd: Bool = false, keyEnd: [UInt8]? = nil, data: Data? = nil,
        timeoutMilliseconds: UInt64? = nil, expirationMilliseconds: UInt64? = nil, comment: String? = nil
    ) {
        self.key = key
        self.isIntervalEnd = isIntervalEnd
        self.data = data
        if keyEnd == nil && timeoutMilliseconds == nil && expirationMilliseconds == nil && comment == nil {
            aside = nil
        } else {
            aside = Aside(
                keyEnd: keyEnd, timeoutMilliseconds: timeoutMilliseconds,
                expirationMilliseconds: expirationMilliseconds, comment: comment)
        }
    }

    /// For interval sets with a concatenated key: the last key of the range, inclusive, equal to `key` for
    /// a single one. Nil in all other sets.
    public var keyEnd: [UInt8]? {
        get { aside?.keyEnd }
        set { change { Aside($0, keyEnd: newValue) } }
    }
    /// For sets with the timeout flag: milliseconds the element lives for, nil for the set's own timeout.
    public var timeoutMilliseconds: UInt64? {
        get { aside?.timeoutMilliseconds }
        set { change { Aside($0, timeoutMilliseconds: newValue) } }
    }
    /// For sets with the timeout flag: milliseconds that are left of it, nil when it does not expire; when
    /// written, nil for the whole timeout.
    public var expirationMilliseconds: UInt64? {
        get { aside?.expirationMilliseconds }
        set { change { Aside($0, expirationMilliseconds: newValue) } }
    }
    public var comment: String? {
        get { aside?.comment }
        set { change { Aside($0, comment: newValue) } }
    }

    private mutating func change(_ make: (Aside) -> Aside) {
        let changed = make(aside ?? .none)
        aside = changed.isEmpty ? nil : changed
    }

    /// What few elements have; never changed once made.
    private final class Aside: Sendable, Hashable {
        let keyEnd: [UInt8]?
        let timeoutMilliseconds: UInt64?
        let expirationMilliseconds: UInt64?
        let comment: String?

        static let none = Aside(keyEnd: nil, timeoutMilliseconds: nil, expirationMilliseconds: nil, comment: nil)

        init(keyEnd: [UInt8]?, timeoutMilliseconds: UInt64?, expirationMilliseconds: UInt64?, comment: String?) {
            self.keyEnd = keyEnd
            self.timeoutMilliseconds = timeoutMilliseconds
            self.expirationMilliseconds = expirationMilliseconds
            self.comment = comment
        }

        convenience init(_ other: Aside, keyEnd: [UInt8]?) {
            self.init(
                keyEnd: keyEnd, timeoutMilliseconds: other.timeoutMilliseconds,
                expirationMilliseconds: other.expirationMilliseconds, comment: other.comment)
        }
        convenience init(_ other: Aside, timeoutMilliseconds: UInt64?) {
            self.init(
                keyEnd: other.keyEnd, timeoutMilliseconds: timeoutMilliseconds,
                expirationMilliseconds: other.expirationMilliseconds, comment: other.comment)
        }
        convenience init(_ other: Aside, expirationMilliseconds: UInt64?) {
            self.init(
                keyEnd: other.keyEnd, timeoutMilliseconds: other.timeoutMilliseconds,
                expirationMilliseconds: expirationMilliseconds, comment: other.comment)
        }
        convenience init(_ other: Aside, comment: String?) {
            self.init(
                keyEnd: other.keyEnd, timeoutMilliseconds: other.timeoutMilliseconds,
                expirationMilliseconds: other.expirationMilliseconds, comment: comment)
        }

        var isEmpty: Bool {
            keyEnd == nil && timeoutMilliseconds == nil && expirationMilliseconds == nil && comment == nil
        }

        static func == (a: Aside, b: Aside) -> Bool {
            a.keyEnd == b.keyEnd && a.timeoutMilliseconds == b.timeoutMilliseconds
                && a.expirationMilliseconds == b.expirationMilliseconds && a.comment == b.comment
        }
        func hash(into hasher: inout Hasher) {
            hasher.combine(keyEnd)
            hasher.combine(comment)
        }
    }
}
