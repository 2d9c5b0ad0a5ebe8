import CNetfilter

// What nft 1.0.6 needs to print a set's `typeof`: its datatype numbers (its datatype.h), byte orders,
// and the expressions in nested userdata (its expression.h, proto.h). None of these is in a header.

/// nft's byte orders, as in the KEYBYTEORDER and DATABYTEORDER userdata.
enum NftByteOrder: UInt32 {
    case none = 0
    case host = 1
    case network = 2
}

/// nft's expression kinds (`enum expr_types`) as in typeof userdata.
private enum NftExpression: UInt32 {
    case verdict = 1
    case payload = 7
    case meta = 9
    case conntrack = 12
    case concatenation = 13
    case numgen = 23
}

/// nft's protocol descriptions (`enum proto_desc_id`).
private enum NftProtocol: UInt32 {
    case transport = 11
    case ip = 12
    case ip6 = 13
}

/// Indexes into a protocol description's fields.
private enum NftProtocolField {
    static let ipSource: UInt32 = 11
    static let ipDestination: UInt32 = 12
    static let ip6Source: UInt32 = 8
    static let ip6Destination: UInt32 = 9
    static let transportDestinationPort: UInt32 = 2
}

extension NftablesField {
    /// Bits that one component takes in a concatenation's datatype (nft's TYPE_BITS).
    private static let typeBits: UInt32 = 6

    /// nft's datatype number.
    var datatype: UInt32 {
        switch self {
        case .index: 4  // integer
        case .sourceAddress(let family), .destinationAddress(let family): family == .ip ? 7 : 8
        case .transportProtocol: 12
        case .destinationPort: 13
        case .mark: 19
        case .priority: 23  // classid
        }
    }

    var byteOrder: NftByteOrder {
        switch self {
        case .sourceAddress, .destinationAddress, .destinationPort: .network
        case .transportProtocol, .index, .priority, .mark: .host
        }
    }

    /// The datatype of a concatenation of `fields`.
    static func datatype(of fields: [NftablesField]) -> UInt32 {
        fields.reduce(0) { $0 << typeBits | $1.datatype }
    }

    static func byteOrder(of fields: [NftablesField]) -> NftByteOrder {
        fields.count == 1 ? fields[0].byteOrder : .none
    }

    /// The bytes of a key or value of `fields`: padded fields when there are several.
    static func byteCount(of fields: [NftablesField]) -> Int {
        fields.count == 1 ? fields[0].byteCount : fields.reduce(0) { $0 + $1.paddedByteCount }
    }

    /// Typeof userdata of one expression or of a concatenation.
    static func typeof(_ fields: [NftablesField]) -> Userdata {
        if fields.count == 1 { return fields[0].typeof }
        var list = Userdata()
        for (index, field) in fields.enumerated() { list.put(index, nested: field.typeof) }
        return expression(.concatenation, list)
    }

    /// Typeof userdata of `verdict`.
    static var typeofVerdict: Userdata { expression(.verdict, Userdata()) }

    private var typeof: Userdata {
        var data = Userdata()
        switch self {
        case .sourceAddress(let family):
            data.put(0, family == .ip ? NftProtocol.ip.rawValue : NftProtocol.ip6.rawValue)
            data.put(1, family == .ip ? NftProtocolField.ipSource : NftProtocolField.ip6Source)
            return NftablesField.expression(.payload, data)
        case .destinationAddress(let family):
            data.put(0, family == .ip ? NftProtocol.ip.rawValue : NftProtocol.ip6.rawValue)
            data.put(1, family == .ip ? NftProtocolField.ipDestination : NftProtocolField.ip6Destination)
            return NftablesField.expression(.payload, data)
        case .destinationPort:
            data.put(0, NftProtocol.transport.rawValue)
            data.put(1, NftProtocolField.transportDestinationPort)
            return NftablesField.expression(.payload, data)
        case .transportProtocol:
            data.put(0, NFT_META_L4PROTO.rawValue)
            return NftablesField.expression(.meta, data)
        case .priority:
            data.put(0, NFT_META_PRIORITY.rawValue)
            return NftablesField.expression(.meta, data)
        case .mark:
            data.put(0, NFT_META_MARK.rawValue)
            return NftablesField.expression(.meta, data)
        case .index:
            data.put(0, NFT_NG_RANDOM.rawValue)
            data.put(1, 2)
            data.put(2, 0)
            return NftablesField.expression(.numgen, data)
        }
    }

    private static func expression(_ kind: NftExpression, _ data: Userdata) -> Userdata {
        var outer = Userdata()
        outer.put(Int(NFTNL_UDATA_SET_TYPEOF_EXPR), kind.rawValue)
        outer.put(Int(NFTNL_UDATA_SET_TYPEOF_DATA), nested: data)
        return outer
    }
}

/// Typeof userdata, read.
enum NftTypeof: Equatable {
    case fields([NftablesField])
    case verdict

    /// Nil for expressions that `NftablesField` does not have.
    init?(_ bytes: RawSpan) {
        var kind: NftExpression?
        var values: [Int: UInt32] = [:]
        var fields: [NftablesField]? = []
        Userdata.forEach(bytes) { type, value in
            if type == Int(NFTNL_UDATA_SET_TYPEOF_EXPR) {
                kind = value.integer(at: 0, as: UInt32.self).flatMap(NftExpression.init(rawValue:))
            } else if type == Int(NFTNL_UDATA_SET_TYPEOF_DATA) {
                Userdata.forEach(value) { index, entry in
                    if kind == .concatenation {
                        guard case .fields(let one) = NftTypeof(entry) else { return fields = nil }
                        fields?.append(contentsOf: one)
                    } else {
                        values[index] = entry.integer(at: 0, as: UInt32.self)
                    }
                }
            }
        }
        switch kind {
        case .verdict: self = .verdict
        case .concatenation:
            guard let fields else { return nil }
            self = .fields(fields)
        case .payload:
            switch (values[0].flatMap(NftProtocol.init(rawValue:)), values[1]) {
            case (.ip, NftProtocolField.ipSource): self = .fields([.sourceAddress(.ip)])
            case (.ip, NftProtocolField.ipDestination): self = .fields([.destinationAddress(.ip)])
            case (.ip6, NftProtocolField.ip6Source): self = .fields([.sourceAddress(.ip6)])
            case (.ip6, NftProtocolField.ip6Destination): self = .fields([.destinationAddress(.ip6)])
            case (.transport, NftProtocolField.transportDestinationPort): self = .fields([.destinationPort])
            default: return nil
            }
        case .meta:
            switch values[0] {
            case NFT_META_L4PROTO.rawValue: self = .fields([.transportProtocol])
            case NFT_META_PRIORITY.rawValue: self = .fields([.priority])
            case NFT_META_MARK.rawValue: self = .fields([.mark])
            default: return nil
            }
        case .numgen: self = .fields([.index])
        case .conntrack, nil: return nil
        }
    }
}
