import CNetfilter
import Glibc

/// A libnftnl expression being filled in; a rule takes it over.
@safe struct ExpressionBuilder {
    private let expression: OpaquePointer

    /// - Throws: `.unsupported` for a name this libnftnl does not know, or when memory is out.
    init(_ name: String) throws(NetlinkError) {
        // SAFETY: libnftnl copies the name; nil is checked. The rule that takes the expression frees it.
        guard let expression = unsafe nftnl_expr_alloc(name) else {
            throw NetlinkError(.unsupported, doing: "encode nftables expression \(name)")
        }
        unsafe self.expression = expression
    }

    func set(_ attribute: Int, _ value: UInt32) {
        // SAFETY: the expression lives until the rule that takes it is freed.
        unsafe nftnl_expr_set_u32(expression, UInt16(attribute), value)
    }

    func set(_ attribute: Int, _ register: NftablesRegister) { set(attribute, register.number) }

    func set(_ attribute: Int, byte: UInt8) {
        // SAFETY: as above.
        unsafe nftnl_expr_set_u8(expression, UInt16(attribute), byte)
    }

    func set(_ attribute: Int, wide value: UInt64) {
        // SAFETY: as above.
        unsafe nftnl_expr_set_u64(expression, UInt16(attribute), value)
    }

    func set(_ attribute: Int, _ text: String) {
        // SAFETY: as above; libnftnl copies the string.
        unsafe nftnl_expr_set_str(expression, UInt16(attribute), text)
    }

    func set(_ attribute: Int, _ bytes: [UInt8]) {
        // SAFETY: as above; libnftnl copies the bytes.
        unsafe nftnl_expr_set(expression, UInt16(attribute), bytes, UInt32(bytes.count))
    }

    /// Hands the expression to the rule, which frees it.
    func add(to rule: OpaquePointer) {
        // SAFETY: both are valid, and ownership passes exactly once.
        unsafe nftnl_rule_add_expr(rule, expression)
    }
}

extension RuleExpression {
    /// Bytes of the widest operand: libnftnl copies operands into 64 bytes, the registers of a rule.
    static let operandBytes = 64

    /// The libnftnl form of the expression for a table of `family`.
    ///
    /// - Throws: `.invalidRequest` for `.unknown` and for operands of a length no register has.
    func builder(family: NftablesFamily) throws(NetlinkError) -> ExpressionBuilder {
        try checkOperands()
        switch self {
        case .meta(let key, let register):
            let builder = try ExpressionBuilder("meta")
            builder.set(NFTNL_EXPR_META_KEY, key.kernelValue)
            builder.set(NFTNL_EXPR_META_DREG, register)
            return builder
        case .setMeta(let key, let register):
            let builder = try ExpressionBuilder("meta")
            builder.set(NFTNL_EXPR_META_KEY, key.kernelValue)
            builder.set(NFTNL_EXPR_META_SREG, register)
            return builder
        case .ct(let key, let register):
            let builder = try ExpressionBuilder("ct")
            builder.set(NFTNL_EXPR_CT_KEY, key.kernelValue(family))
            builder.set(NFTNL_EXPR_CT_DREG, register)
            if key.isOfOriginalDirection { builder.set(NFTNL_EXPR_CT_DIR, byte: UInt8(IP_CT_DIR_ORIGINAL.rawValue)) }
            return builder
        case .setCtMark(let register):
            let builder = try ExpressionBuilder("ct")
            builder.set(NFTNL_EXPR_CT_KEY, NFT_CT_MARK.rawValue)
            builder.set(NFTNL_EXPR_CT_SREG, register)
            return builder
        case .payload(let base, let offset, let length, let register):
            let builder = try ExpressionBuilder("payload")
            builder.set(NFTNL_EXPR_PAYLOAD_BASE, base.kernelValue)
            builder.set(NFTNL_EXPR_PAYLOAD_OFFSET, UInt32(offset))
            builder.set(NFTNL_EXPR_PAYLOAD_LEN, UInt32(length))
            builder.set(NFTNL_EXPR_PAYLOAD_DREG, register)
            return builder
        case .compare(let register, let operation, let bytes):
            let builder = try ExpressionBuilder("cmp")
            builder.set(NFTNL_EXPR_CMP_SREG, register)
            builder.set(NFTNL_EXPR_CMP_OP, operation == .equal ? NFT_CMP_EQ.rawValue : NFT_CMP_NEQ.rawValue)
            builder.set(NFTNL_EXPR_CMP_DATA, bytes)
            return builder
        case .bitwise(let source, let destination, let mask, let xor):
            let builder = try ExpressionBuilder("bitwise")
            builder.set(NFTNL_EXPR_BITWISE_SREG, source)
            builder.set(NFTNL_EXPR_BITWISE_DREG, destination)
            builder.set(NFTNL_EXPR_BITWISE_LEN, UInt32(mask.count))
            builder.set(NFTNL_EXPR_BITWISE_MASK, mask)
            builder.set(NFTNL_EXPR_BITWISE_XOR, xor)
            return builder
        case .immediate(let bytes, let register):
            let builder = try ExpressionBuilder("immediate")
            builder.set(NFTNL_EXPR_IMM_DREG, register)
            builder.set(NFTNL_EXPR_IMM_DATA, bytes)
            return builder
        default: return try actionBuilder(family: family)
        }
    }

    /// The expressions that look up, translate or end a rule.
    private func actionBuilder(family: NftablesFamily) throws(NetlinkError) -> ExpressionBuilder {
        switch self {
        case .verdict(let verdict):
            let builder = try ExpressionBuilder("immediate")
            builder.set(NFTNL_EXPR_IMM_DREG, .verdict)
            builder.set(NFTNL_EXPR_IMM_VERDICT, UInt32(bitPattern: verdict.code))
            if let chain = verdict.chain { builder.set(NFTNL_EXPR_IMM_CHAIN, chain) }
            return builder
        case .lookup(let set, let key, let inverted):
            let builder = try ExpressionBuilder("lookup")
            builder.set(NFTNL_EXPR_LOOKUP_SREG, key)
            builder.set(NFTNL_EXPR_LOOKUP_SET, set)
            if inverted { builder.set(NFTNL_EXPR_LOOKUP_FLAGS, UInt32(NFT_LOOKUP_F_INV.rawValue)) }
            return builder
        case .mapLookup(let map, let key, let destination):
            let builder = try ExpressionBuilder("lookup")
            builder.set(NFTNL_EXPR_LOOKUP_SREG, key)
            builder.set(NFTNL_EXPR_LOOKUP_DREG, destination)
            builder.set(NFTNL_EXPR_LOOKUP_SET, map)
            return builder
        case .numgen(let type, let modulus, let register):
            let builder = try ExpressionBuilder("numgen")
            builder.set(NFTNL_EXPR_NG_DREG, register)
            builder.set(NFTNL_EXPR_NG_MODULUS, modulus)
            builder.set(NFTNL_EXPR_NG_TYPE, type == .random ? NFT_NG_RANDOM.rawValue : NFT_NG_INCREMENTAL.rawValue)
            builder.set(NFTNL_EXPR_NG_OFFSET, 0)
            return builder
        case .nat(let type, let address, let port):
            let builder = try ExpressionBuilder("nat")
            builder.set(NFTNL_EXPR_NAT_TYPE, type == .source ? NFT_NAT_SNAT.rawValue : NFT_NAT_DNAT.rawValue)
            builder.set(NFTNL_EXPR_NAT_FAMILY, UInt32(family.rawValue))
            builder.set(NFTNL_EXPR_NAT_REG_ADDR_MIN, address)
            if let port { builder.set(NFTNL_EXPR_NAT_REG_PROTO_MIN, port) }
            return builder
        case .masquerade(let fullyRandom):
            let builder = try ExpressionBuilder("masq")
            if fullyRandom { builder.set(NFTNL_EXPR_MASQ_FLAGS, UInt32(NF_NAT_RANGE_PROTO_RANDOM_FULLY)) }
            return builder
        case .reject(let kind):
            let builder = try ExpressionBuilder("reject")
            builder.set(NFTNL_EXPR_REJECT_TYPE, kind.kernelType)
            builder.set(NFTNL_EXPR_REJECT_CODE, byte: kind.kernelCode(family))
            return builder
        case .fibAddressType(let address, let register):
            let builder = try ExpressionBuilder("fib")
            builder.set(NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE.rawValue)
            builder.set(NFTNL_EXPR_FIB_FLAGS, address.kernelFlag)
            builder.set(NFTNL_EXPR_FIB_DREG, register)
            return builder
        case .notrack: return try ExpressionBuilder("notrack")
        case .socket, .transparentProxy: return try builderOfSockets(family: family)
        case .hash, .hostToNetworkOrder, .dynamicSet: return try builderOfDynamicState()
        case .unknown(let name):
            throw NetlinkError(.invalidRequest, doing: "encode nftables expression \(name), which is only ever read")
        case .meta, .setMeta, .ct, .setCtMark, .payload, .compare, .bitwise, .immediate:
            preconditionFailure("the caller encodes these itself")
        }
    }

    /// libnftnl trusts the lengths it is given.
    private func checkOperands() throws(NetlinkError) {
        let lengths: [Int]
        switch self {
        case .compare(_, _, let bytes), .immediate(let bytes, _): lengths = [bytes.count]
        case .bitwise(_, _, let mask, let xor): lengths = [mask.count, xor.count == mask.count ? xor.count : 0]
        case .payload(_, let offset, let length, _): lengths = [length, UInt16(exactly: offset) == nil ? 0 : 1]
        case .lookup(let name, _, _), .mapLookup(let name, _, _), .dynamicSet(_, let name, _, _, _):
            return try NftablesBatch.check(name: name)
        case .hash(_, let length, _, _, _): lengths = [length]
        case .verdict(let verdict):
            if let chain = verdict.chain { try NftablesBatch.check(name: chain) }
            return
        default: return
        }
        for length in lengths where !(1...RuleExpression.operandBytes).contains(length) {
            throw NetlinkError(.invalidRequest, doing: "encode nftables expression with an operand of the wrong length")
        }
    }
}

extension RuleExpression.MetaKey {
    var kernelValue: UInt32 {
        switch self {
        case .priority: NFT_META_PRIORITY.rawValue
        case .mark: NFT_META_MARK.rawValue
        case .transportProtocol: NFT_META_L4PROTO.rawValue
        case .inputInterfaceName: NFT_META_IIFNAME.rawValue
        case .outputInterfaceName: NFT_META_OIFNAME.rawValue
        }
    }
    static let all: [Self] = [.priority, .mark, .transportProtocol, .inputInterfaceName, .outputInterfaceName]
}

extension RuleExpression.PayloadBase {
    var kernelValue: UInt32 {
        switch self {
        case .network: NFT_PAYLOAD_NETWORK_HEADER.rawValue
        case .transport: NFT_PAYLOAD_TRANSPORT_HEADER.rawValue
        }
    }
    static let all: [Self] = [.network, .transport]
}

extension RuleExpression.CtKey {
    func kernelValue(_ family: NftablesFamily) -> UInt32 {
        switch self {
        case .state: NFT_CT_STATE.rawValue
        case .status: NFT_CT_STATUS.rawValue
        case .mark: NFT_CT_MARK.rawValue
        case .direction: NFT_CT_DIRECTION.rawValue
        case .originalDestination: family == .ip ? NFT_CT_DST_IP.rawValue : NFT_CT_DST_IP6.rawValue
        case .originalDestinationPort: NFT_CT_PROTO_DST.rawValue
        }
    }
    var isOfOriginalDirection: Bool { self == .originalDestination || self == .originalDestinationPort }
    static let all: [Self] = [.state, .status, .mark, .direction, .originalDestination, .originalDestinationPort]
}

extension RuleExpression.RejectKind {
    var kernelType: UInt32 {
        switch self {
        case .portUnreachable: NFT_REJECT_ICMP_UNREACH.rawValue
        case .tcpReset: NFT_REJECT_TCP_RST.rawValue
        }
    }

    /// ICMP_PORT_UNREACH (RFC 792) is 3, ICMPV6_PORT_UNREACH (RFC 4443) 4.
    func kernelCode(_ family: NftablesFamily) -> UInt8 {
        switch self {
        case .portUnreachable: family == .ip ? 3 : 4
        case .tcpReset: 0
        }
    }
    static let all: [Self] = [.portUnreachable, .tcpReset]
}

extension RuleExpression.FibAddress {
    var kernelFlag: UInt32 {
        switch self {
        case .source: UInt32(NFTA_FIB_F_SADDR.rawValue)
        case .destination: UInt32(NFTA_FIB_F_DADDR.rawValue)
        }
    }
    static let all: [Self] = [.source, .destination]
}
