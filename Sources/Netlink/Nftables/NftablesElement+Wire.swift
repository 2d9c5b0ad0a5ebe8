import CNetfilter

extension NetlinkWriter {
    /// An upper bound of the bytes that `put(element:)` writes.
    static func byteBound(_ element: borrowing NftablesElement) -> Int {
        var bytes = 4 + 8 + 8 + element.key.count + 3
        if let end = element.keyEnd { bytes += 8 + end.count + 3 }
        if element.timeoutMilliseconds != nil { bytes += 12 }
        if element.expirationMilliseconds != nil { bytes += 12 }
        switch element.data {
        case .value(let value): bytes += 8 + value.count + 3
        case .verdict(let verdict): bytes += 20 + (verdict.chain?.utf8.count ?? 0) + 4
        case nil: break
        }
        if let comment = element.comment { bytes += 4 + 3 + min(comment.utf8.count, NftablesLimits.commentBytes) + 3 }
        return bytes
    }

    /// One element of an NFTA_SET_ELEM_LIST_ELEMENTS, attributes in libnftnl's order.
    mutating func put(element: borrowing NftablesElement) {
        let start = beginNest(Int(NFTA_LIST_ELEM.rawValue))
        if element.isIntervalEnd {
            put(Int(NFTA_SET_ELEM_FLAGS.rawValue), networkOrder: UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue))
        }
        put(Int(NFTA_SET_ELEM_KEY.rawValue), value: element.key)
        if let keyEnd = element.keyEnd { put(Int(NFTA_SET_ELEM_KEY_END.rawValue), value: keyEnd) }
        switch element.data {
        case .value(let value): put(Int(NFTA_SET_ELEM_DATA.rawValue), value: value)
        case .verdict(let verdict):
            let data = beginNest(Int(NFTA_SET_ELEM_DATA.rawValue))
            let nest = beginNest(Int(NFTA_DATA_VERDICT.rawValue))
            put(Int(NFTA_VERDICT_CODE.rawValue), networkOrder: UInt32(bitPattern: verdict.code))
            if let chain = verdict.chain { put(Int(NFTA_VERDICT_CHAIN.rawValue), chain) }
            endNest(at: nest)
            endNest(at: data)
        case nil: break
        }
        if let timeout = element.timeoutMilliseconds { put(Int(NFTA_SET_ELEM_TIMEOUT.rawValue), networkOrder: timeout) }
        if let left = element.expirationMilliseconds { put(Int(NFTA_SET_ELEM_EXPIRATION.rawValue), networkOrder: left) }
        if let comment = element.comment {
            var userdata = Userdata()
            userdata.put(Int(NFTNL_UDATA_SET_ELEM_COMMENT.rawValue), comment: comment)
            put(Int(NFTA_SET_ELEM_USERDATA.rawValue), userdata.bytes)
        }
        endNest(at: start)
    }

    /// A struct nft_data: the bytes as an NFTA_DATA_VALUE.
    private mutating func put(_ type: Int, value: [UInt8]) {
        let nest = beginNest(type)
        put(Int(NFTA_DATA_VALUE.rawValue), value)
        endNest(at: nest)
    }
}

extension NftablesElement {
    /// Reads one NFTA_LIST_ELEM's payload; nil without a key (a catch-all element).
    init?(_ payload: RawSpan) {
        var element = NftablesElement(key: [])
        payload.forEachAttribute { type, value in
            switch UInt32(type) {
            case NFTA_SET_ELEM_KEY.rawValue: element.key = NftablesElement.value(in: value) ?? []
            case NFTA_SET_ELEM_KEY_END.rawValue: element.keyEnd = NftablesElement.value(in: value)
            case NFTA_SET_ELEM_DATA.rawValue: element.data = NftablesElement.data(in: value)
            case NFTA_SET_ELEM_FLAGS.rawValue:
                let flags = value.networkUInt32 ?? 0
                element.isIntervalEnd = flags & UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue) != 0
            case NFTA_SET_ELEM_TIMEOUT.rawValue: element.timeoutMilliseconds = value.networkUInt64
            case NFTA_SET_ELEM_EXPIRATION.rawValue: element.expirationMilliseconds = value.networkUInt64
            case NFTA_SET_ELEM_USERDATA.rawValue:
                element.comment = Userdata.comment(in: value, type: Int(NFTNL_UDATA_SET_ELEM_COMMENT.rawValue))
            default: break
            }
        }
        guard !element.key.isEmpty else { return nil }
        self = element
    }

    private static func value(in payload: RawSpan) -> [UInt8]? {
        var bytes: [UInt8]?
        payload.forEachAttribute { type, value in
            if UInt32(type) == NFTA_DATA_VALUE.rawValue { bytes = value.array }
        }
        return bytes
    }

    private static func data(in payload: RawSpan) -> Data? {
        var data: Data?
        payload.forEachAttribute { type, value in
            switch UInt32(type) {
            case NFTA_DATA_VALUE.rawValue: data = .value(value.array)
            case NFTA_DATA_VERDICT.rawValue:
                var code: Int32?
                var chain: String?
                value.forEachAttribute { inner, content in
                    switch UInt32(inner) {
                    case NFTA_VERDICT_CODE.rawValue: code = content.networkUInt32.map(Int32.init(bitPattern:))
                    case NFTA_VERDICT_CHAIN.rawValue: chain = content.text
                    default: break
                    }
                }
                if let code, let verdict = NftablesVerdict(code: code, chain: chain) { data = .verdict(verdict) }
            default: break
            }
        }
        return data
    }
}

extension NftablesVerdict {
    /// The kernel's number (`enum nft_verdicts`, NF_ACCEPT and NF_DROP).
    var code: Int32 {
        switch self {
        case .accept: NF_ACCEPT
        case .drop: NF_DROP
        case .continue: NFT_CONTINUE.rawValue
        case .return: NFT_RETURN.rawValue
        case .jump: NFT_JUMP.rawValue
        case .goto: NFT_GOTO.rawValue
        }
    }

    /// The chain that a jump or goto names.
    var chain: String? {
        switch self {
        case .jump(let chain), .goto(let chain): chain
        case .accept, .drop, .continue, .return: nil
        }
    }

    /// Nil for verdicts Fairway has no use for (queue, break).
    init?(code: Int32, chain: String?) {
        switch (code, chain) {
        case (NF_ACCEPT, _): self = .accept
        case (NF_DROP, _): self = .drop
        case (NFT_CONTINUE.rawValue, _): self = .continue
        case (NFT_RETURN.rawValue, _): self = .return
        case (NFT_JUMP.rawValue, let chain?): self = .jump(chain)
        case (NFT_GOTO.rawValue, let chain?): self = .goto(chain)
        default: return nil
        }
    }
}
