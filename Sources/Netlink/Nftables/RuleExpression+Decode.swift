import CNetfilter

/// A libnftnl expression of a rule that was read; valid only while that rule lives.
@safe struct ExpressionReader {
    private let expression: OpaquePointer

    /// - Parameter expression: an expression of a rule that outlives this value.
    // SAFETY: the caller says that the rule, and so the expression, outlives this value.
    init(_ expression: OpaquePointer) { unsafe self.expression = expression }

    /// The kernel's name of the expression.
    var name: String {
        // SAFETY: the rule outlives this value, and the name is NUL-terminated.
        guard let text = unsafe nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_NAME)) else { return "" }
        return unsafe String(cString: text)
    }

    /// Nil when the kernel did not send the attribute.
    func integer(_ attribute: Int) -> UInt32? {
        // SAFETY: as above; only attributes that are 32 bits wide are asked for here.
        guard unsafe nftnl_expr_is_set(expression, UInt16(attribute)) else { return nil }
        return unsafe nftnl_expr_get_u32(expression, UInt16(attribute))
    }

    /// Whether the kernel sent the attribute.
    func has(_ attribute: Int) -> Bool {
        // SAFETY: as above.
        unsafe nftnl_expr_is_set(expression, UInt16(attribute))
    }

    func wide(_ attribute: Int) -> UInt64? {
        // SAFETY: as above, for attributes of 64 bits.
        guard unsafe nftnl_expr_is_set(expression, UInt16(attribute)) else { return nil }
        return unsafe nftnl_expr_get_u64(expression, UInt16(attribute))
    }

    func byte(_ attribute: Int) -> UInt8? {
        // SAFETY: as above, for attributes of 8 bits.
        guard unsafe nftnl_expr_is_set(expression, UInt16(attribute)) else { return nil }
        return unsafe nftnl_expr_get_u8(expression, UInt16(attribute))
    }

    func register(_ attribute: Int) -> NftablesRegister? { integer(attribute).map(NftablesRegister.init) }

    func text(_ attribute: Int) -> String? {
        // SAFETY: as above; strings of libnftnl are NUL-terminated.
        guard unsafe nftnl_expr_is_set(expression, UInt16(attribute)),
            let text = unsafe nftnl_expr_get_str(expression, UInt16(attribute))
        else { return nil }
        return unsafe String(cString: text)
    }

    func bytes(_ attribute: Int) -> [UInt8]? {
        var length: UInt32 = 0
        // SAFETY: as above; libnftnl states the length of what it points to.
        guard unsafe nftnl_expr_is_set(expression, UInt16(attribute)),
            let data = unsafe nftnl_expr_get(expression, UInt16(attribute), &length)
        else { return nil }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: data, count: Int(length)))
    }
}

extension RuleExpression {
    /// What was read, `.unknown` when it is anything that Fairway does not write.
    init(_ reader: ExpressionReader, family: NftablesFamily) {
        let name = reader.name
        let known: RuleExpression? =
            switch name {
            case "meta": .meta(reader)
            case "ct": .ct(reader, family)
            case "payload": .payload(reader)
            case "cmp": .compare(reader)
            case "bitwise": .bitwise(reader)
            case "immediate": .immediate(reader)
            case "lookup": .lookup(reader)
            case "numgen": .numgen(reader)
            case "hash": .hash(reader)
            case "byteorder": .byteOrder(reader)
            case "dynset": .dynamicSet(reader)
            case "nat": .nat(reader, family)
            case "masq": .masquerade(reader)
            case "reject": .reject(reader, family)
            case "fib": .fib(reader)
            case "notrack": .notrack
            case "socket": .socket(reader)
            case "tproxy": .transparentProxy(reader, family)
            default: nil
            }
        self = known ?? .unknown(name)
    }

    private static func meta(_ reader: ExpressionReader) -> RuleExpression? {
        guard let number = reader.integer(NFTNL_EXPR_META_KEY),
            let key = MetaKey.all.first(where: { $0.kernelValue == number })
        else { return nil }
        if let register = reader.register(NFTNL_EXPR_META_SREG) { return .setMeta(key, from: register) }
        return reader.register(NFTNL_EXPR_META_DREG).map { .meta(key, to: $0) }
    }

    private static func ct(_ reader: ExpressionReader, _ family: NftablesFamily) -> RuleExpression? {
        guard let number = reader.integer(NFTNL_EXPR_CT_KEY),
            let key = CtKey.all.first(where: { $0.kernelValue(family) == number })
        else { return nil }
        if let register = reader.register(NFTNL_EXPR_CT_SREG) { return key == .mark ? .setCtMark(from: register) : nil }
        let direction = reader.byte(NFTNL_EXPR_CT_DIR)
        guard direction == (key.isOfOriginalDirection ? UInt8(IP_CT_DIR_ORIGINAL.rawValue) : nil) else { return nil }
        return reader.register(NFTNL_EXPR_CT_DREG).map { .ct(key, to: $0) }
    }

    private static func payload(_ reader: ExpressionReader) -> RuleExpression? {
        guard let number = reader.integer(NFTNL_EXPR_PAYLOAD_BASE),
            let base = PayloadBase.all.first(where: { $0.kernelValue == number }),
            let offset = reader.integer(NFTNL_EXPR_PAYLOAD_OFFSET),
            let length = reader.integer(NFTNL_EXPR_PAYLOAD_LEN),
            let register = reader.register(NFTNL_EXPR_PAYLOAD_DREG)
        else { return nil }
        return .payload(base, offset: Int(offset), length: Int(length), to: register)
    }

    private static func compare(_ reader: ExpressionReader) -> RuleExpression? {
        guard let register = reader.register(NFTNL_EXPR_CMP_SREG), let bytes = reader.bytes(NFTNL_EXPR_CMP_DATA)
        else { return nil }
        switch reader.integer(NFTNL_EXPR_CMP_OP) {
        case NFT_CMP_EQ.rawValue: return .compare(register, .equal, bytes)
        case NFT_CMP_NEQ.rawValue: return .compare(register, .notEqual, bytes)
        default: return nil
        }
    }

    private static func bitwise(_ reader: ExpressionReader) -> RuleExpression? {
        guard reader.integer(NFTNL_EXPR_BITWISE_OP) ?? NFT_BITWISE_MASK_XOR.rawValue == NFT_BITWISE_MASK_XOR.rawValue,
            let source = reader.register(NFTNL_EXPR_BITWISE_SREG),
            let destination = reader.register(NFTNL_EXPR_BITWISE_DREG),
            let mask = reader.bytes(NFTNL_EXPR_BITWISE_MASK), let xor = reader.bytes(NFTNL_EXPR_BITWISE_XOR)
        else { return nil }
        return .bitwise(from: source, to: destination, mask: mask, xor: xor)
    }

    private static func immediate(_ reader: ExpressionReader) -> RuleExpression? {
        guard let register = reader.register(NFTNL_EXPR_IMM_DREG) else { return nil }
        guard register == .verdict else { return reader.bytes(NFTNL_EXPR_IMM_DATA).map { .immediate($0, to: register) } }
        guard let code = reader.integer(NFTNL_EXPR_IMM_VERDICT) else { return nil }
        return NftablesVerdict(code: Int32(bitPattern: code), chain: reader.text(NFTNL_EXPR_IMM_CHAIN))
            .map { .verdict($0) }
    }

    private static func lookup(_ reader: ExpressionReader) -> RuleExpression? {
        guard let key = reader.register(NFTNL_EXPR_LOOKUP_SREG), let set = reader.text(NFTNL_EXPR_LOOKUP_SET)
        else { return nil }
        if let destination = reader.register(NFTNL_EXPR_LOOKUP_DREG) {
            return .mapLookup(map: set, key: key, to: destination)
        }
        let flags = reader.integer(NFTNL_EXPR_LOOKUP_FLAGS) ?? 0
        return .lookup(set: set, key: key, inverted: flags & UInt32(NFT_LOOKUP_F_INV.rawValue) != 0)
    }

    private static func numgen(_ reader: ExpressionReader) -> RuleExpression? {
        guard let modulus = reader.integer(NFTNL_EXPR_NG_MODULUS), let register = reader.register(NFTNL_EXPR_NG_DREG),
            reader.integer(NFTNL_EXPR_NG_OFFSET) ?? 0 == 0
        else { return nil }
        switch reader.integer(NFTNL_EXPR_NG_TYPE) {
        case NFT_NG_RANDOM.rawValue: return .numgen(.random, modulus: modulus, to: register)
        case NFT_NG_INCREMENTAL.rawValue: return .numgen(.incremental, modulus: modulus, to: register)
        default: return nil
        }
    }

    private static func nat(_ reader: ExpressionReader, _ family: NftablesFamily) -> RuleExpression? {
        guard let address = reader.register(NFTNL_EXPR_NAT_REG_ADDR_MIN),
            reader.integer(NFTNL_EXPR_NAT_FAMILY) == UInt32(family.rawValue)
        else { return nil }
        let port = reader.register(NFTNL_EXPR_NAT_REG_PROTO_MIN)
        // The kernel reports a range of one with equal ends, and the two flags that say what is given.
        guard reader.register(NFTNL_EXPR_NAT_REG_ADDR_MAX) ?? address == address,
            reader.register(NFTNL_EXPR_NAT_REG_PROTO_MAX) ?? port == port,
            (reader.integer(NFTNL_EXPR_NAT_FLAGS) ?? 0) & ~UInt32(NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED)
                == 0
        else { return nil }
        switch reader.integer(NFTNL_EXPR_NAT_TYPE) {
        case NFT_NAT_SNAT.rawValue: return .nat(.source, address: address, port: port)
        case NFT_NAT_DNAT.rawValue: return .nat(.destination, address: address, port: port)
        default: return nil
        }
    }

    private static func masquerade(_ reader: ExpressionReader) -> RuleExpression? {
        guard reader.register(NFTNL_EXPR_MASQ_REG_PROTO_MIN) == nil else { return nil }
        switch reader.integer(NFTNL_EXPR_MASQ_FLAGS) ?? 0 {
        case 0: return .masquerade(fullyRandom: false)
        case UInt32(NF_NAT_RANGE_PROTO_RANDOM_FULLY): return .masquerade(fullyRandom: true)
        default: return nil
        }
    }

    private static func reject(_ reader: ExpressionReader, _ family: NftablesFamily) -> RuleExpression? {
        let type = reader.integer(NFTNL_EXPR_REJECT_TYPE)
        let code = reader.byte(NFTNL_EXPR_REJECT_CODE) ?? 0
        return RejectKind.all.first { $0.kernelType == type && $0.kernelCode(family) == code }.map { .reject($0) }
    }

    private static func fib(_ reader: ExpressionReader) -> RuleExpression? {
        guard reader.integer(NFTNL_EXPR_FIB_RESULT) == NFT_FIB_RESULT_ADDRTYPE.rawValue,
            let flags = reader.integer(NFTNL_EXPR_FIB_FLAGS), let register = reader.register(NFTNL_EXPR_FIB_DREG)
        else { return nil }
        return FibAddress.all.first { $0.kernelFlag == flags }.map { .fibAddressType($0, to: register) }
    }
}
