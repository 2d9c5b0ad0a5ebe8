/// Where names lie in the RDATA of types that have no case of their own in `RecordData`.
///
/// These are the types whose names a sender may have compressed: those of RFC 1035 section 3.3, and those that RFC 3597
/// section 4 asks receivers to decompress. Everything else is opaque and never has a pointer.
struct RecordLayout {
    enum Field {
        case name
        /// So many bytes.
        case fixed(Int)
        case characterString
        /// Up to the end of the RDATA.
        case rest
    }

    let fields: [Field]
    /// Names may be compressed when sent: types of RFC 1035 only (RFC 3597 section 4).
    let compresses: Bool

    private init(_ fields: [Field], compresses: Bool = false) {
        self.fields = fields
        self.compresses = compresses
    }

    /// nil: names, if any, are never compressed.
    init?(_ type: RecordType) {
        switch type.rawValue {
        case 3, 4, 7, 8, 9: self = Self.mailName
        case 14: self = Self.mailboxInformation
        case RecordType.mx.rawValue: self = Self.mailExchange
        case 17: self = Self.twoNames
        case 18, 21, 36: self = Self.preferenceAndName
        case 24: self = Self.signature
        case 26: self = Self.preferenceAndTwoNames
        case 30: self = Self.nextName
        case RecordType.naptr.rawValue: self = Self.namingAuthority
        case 39: self = Self.name
        default: return nil
        }
    }

    /// MD, MF, MB, MG, MR.
    private static let mailName = RecordLayout([.name], compresses: true)
    private static let mailboxInformation = RecordLayout([.name, .name], compresses: true)
    private static let mailExchange = RecordLayout([.fixed(2), .name], compresses: true)
    /// RP (RFC 1183).
    private static let twoNames = RecordLayout([.name, .name])
    /// AFSDB, RT (RFC 1183), KX (RFC 2230).
    private static let preferenceAndName = RecordLayout([.fixed(2), .name])
    /// PX (RFC 2163).
    private static let preferenceAndTwoNames = RecordLayout([.fixed(2), .name, .name])
    /// SIG (RFC 2535): type covered to key tag, the signer, the signature.
    private static let signature = RecordLayout([.fixed(18), .name, .rest])
    /// NXT (RFC 2535).
    private static let nextName = RecordLayout([.name, .rest])
    /// NAPTR (RFC 3403): order and preference; flags, services, expression; replacement.
    private static let namingAuthority = RecordLayout([
        .fixed(4), .characterString, .characterString, .characterString, .name,
    ])
    /// DNAME (RFC 6672).
    private static let name = RecordLayout([.name])
}
