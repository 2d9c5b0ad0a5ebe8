import CNetfilter

// The expressions that session affinity, source hashing and source ranges add: hash, byteorder and dynset.

extension RuleExpression {
    /// The libnftnl form of `.hash`, `.hostToNetworkOrder` and `.dynamicSet`.
    func builderOfDynamicState() throws(NetlinkError) -> ExpressionBuilder {
        switch self {
        case .hash(let source, let length, let modulus, let seed, let destination):
            let builder = try ExpressionBuilder("hash")
            builder.set(NFTNL_EXPR_HASH_SREG, source)
            builder.set(NFTNL_EXPR_HASH_DREG, destination)
            builder.set(NFTNL_EXPR_HASH_LEN, UInt32(length))
            builder.set(NFTNL_EXPR_HASH_MODULUS, modulus)
            builder.set(NFTNL_EXPR_HASH_SEED, seed)
            builder.set(NFTNL_EXPR_HASH_OFFSET, 0)
            builder.set(NFTNL_EXPR_HASH_TYPE, NFT_HASH_JENKINS.rawValue)
            return builder
        case .hostToNetworkOrder(let source, let destination):
            let builder = try ExpressionBuilder("byteorder")
            builder.set(NFTNL_EXPR_BYTEORDER_SREG, source)
            builder.set(NFTNL_EXPR_BYTEORDER_DREG, destination)
            builder.set(NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON.rawValue)
            builder.set(NFTNL_EXPR_BYTEORDER_LEN, RuleExpression.wordBytes)
            builder.set(NFTNL_EXPR_BYTEORDER_SIZE, RuleExpression.wordBytes)
            return builder
        case .dynamicSet(let operation, let set, let key, let data, let timeout):
            let builder = try ExpressionBuilder("dynset")
            builder.set(NFTNL_EXPR_DYNSET_OP, operation.kernelValue)
            builder.set(NFTNL_EXPR_DYNSET_SET_NAME, set)
            builder.set(NFTNL_EXPR_DYNSET_SREG_KEY, key)
            if let data { builder.set(NFTNL_EXPR_DYNSET_SREG_DATA, data) }
            if let timeout, timeout > 0 { builder.set(NFTNL_EXPR_DYNSET_TIMEOUT, wide: timeout) }
            return builder
        default: preconditionFailure("the caller encodes the others itself")
        }
    }

    private static let wordBytes: UInt32 = 4

    /// Reads jhash with its seed in the rule and no offset; nil for others.
    static func hash(_ reader: ExpressionReader) -> RuleExpression? {
        guard let source = reader.register(NFTNL_EXPR_HASH_SREG), let length = reader.integer(NFTNL_EXPR_HASH_LEN),
            let modulus = reader.integer(NFTNL_EXPR_HASH_MODULUS), let seed = reader.integer(NFTNL_EXPR_HASH_SEED),
            let destination = reader.register(NFTNL_EXPR_HASH_DREG),
            reader.integer(NFTNL_EXPR_HASH_TYPE) ?? NFT_HASH_JENKINS.rawValue == NFT_HASH_JENKINS.rawValue,
            reader.integer(NFTNL_EXPR_HASH_OFFSET) ?? 0 == 0
        else { return nil }
        return .hash(source: source, length: Int(length), modulus: modulus, seed: seed, to: destination)
    }

    /// Reads the conversion of one word to network order; nil for others.
    static func byteOrder(_ reader: ExpressionReader) -> RuleExpression? {
        guard reader.integer(NFTNL_EXPR_BYTEORDER_OP) == NFT_BYTEORDER_HTON.rawValue,
            reader.integer(NFTNL_EXPR_BYTEORDER_LEN) == wordBytes,
            reader.integer(NFTNL_EXPR_BYTEORDER_SIZE) == wordBytes,
            let source = reader.register(NFTNL_EXPR_BYTEORDER_SREG),
            let destination = reader.register(NFTNL_EXPR_BYTEORDER_DREG)
        else { return nil }
        return .hostToNetworkOrder(from: source, to: destination)
    }

    /// Reads a change of a set; nil when it is inverted or carries expressions (a meter).
    static func dynamicSet(_ reader: ExpressionReader) -> RuleExpression? {
        let number = reader.integer(NFTNL_EXPR_DYNSET_OP)
        guard let operation = DynamicSetOperation.all.first(where: { $0.kernelValue == number }),
            let set = reader.text(NFTNL_EXPR_DYNSET_SET_NAME), let key = reader.register(NFTNL_EXPR_DYNSET_SREG_KEY),
            !reader.has(NFTNL_EXPR_DYNSET_EXPR), !reader.has(NFTNL_EXPR_DYNSET_EXPRESSIONS),
            reader.integer(NFTNL_EXPR_DYNSET_FLAGS) ?? 0 == 0
        else { return nil }
        let timeout = reader.wide(NFTNL_EXPR_DYNSET_TIMEOUT) ?? 0
        return .dynamicSet(
            operation: operation, set: set, key: key, data: reader.register(NFTNL_EXPR_DYNSET_SREG_DATA),
            timeoutMilliseconds: timeout == 0 ? nil : timeout)
    }
}

extension RuleExpression.DynamicSetOperation {
    var kernelValue: UInt32 {
        switch self {
        case .add: NFT_DYNSET_OP_ADD.rawValue
        case .update: NFT_DYNSET_OP_UPDATE.rawValue
        case .delete: NFT_DYNSET_OP_DELETE.rawValue
        }
    }
    static let all: [Self] = [.add, .update, .delete]
}
