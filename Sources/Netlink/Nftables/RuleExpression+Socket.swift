import CNetfilter

// The expressions that hand packets to sockets: socket and tproxy.

extension RuleExpression {
    /// The libnftnl form of `.socket` and `.transparentProxy`.
    func builderOfSockets(family: NftablesFamily) throws(NetlinkError) -> ExpressionBuilder {
        switch self {
        case .socket(let key, let register):
            let builder = try ExpressionBuilder("socket")
            builder.set(NFTNL_EXPR_SOCKET_KEY, key.kernelValue)
            builder.set(NFTNL_EXPR_SOCKET_DREG, register)
            return builder
        case .transparentProxy(let address, let port):
            let builder = try ExpressionBuilder("tproxy")
            builder.set(NFTNL_EXPR_TPROXY_FAMILY, UInt32(family.rawValue))
            builder.set(NFTNL_EXPR_TPROXY_REG_ADDR, address)
            builder.set(NFTNL_EXPR_TPROXY_REG_PORT, port)
            return builder
        default: preconditionFailure("the caller encodes the others itself")
        }
    }

    /// Reads a look at a socket; nil for keys that Fairway does not use.
    static func socket(_ reader: ExpressionReader) -> RuleExpression? {
        guard let number = reader.integer(NFTNL_EXPR_SOCKET_KEY),
            let key = SocketKey.all.first(where: { $0.kernelValue == number }),
            let register = reader.register(NFTNL_EXPR_SOCKET_DREG)
        else { return nil }
        return .socket(key, to: register)
    }

    /// Reads a transparent proxy with address and port; nil for others.
    static func transparentProxy(_ reader: ExpressionReader, _ family: NftablesFamily) -> RuleExpression? {
        guard reader.integer(NFTNL_EXPR_TPROXY_FAMILY) == UInt32(family.rawValue),
            let address = reader.register(NFTNL_EXPR_TPROXY_REG_ADDR),
            let port = reader.register(NFTNL_EXPR_TPROXY_REG_PORT)
        else { return nil }
        return .transparentProxy(address: address, port: port)
    }
}

extension RuleExpression.SocketKey {
    var kernelValue: UInt32 {
        switch self {
        case .transparent: NFT_SOCKET_TRANSPARENT.rawValue
        case .mark: NFT_SOCKET_MARK.rawValue
        }
    }
    static let all: [Self] = [.transparent, .mark]
}
