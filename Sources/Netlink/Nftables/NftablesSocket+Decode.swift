import CNetfilter
import Glibc

extension NftablesSocket {
    /// Reads a chain; nil when it is of another table.
    static func chain(_ payload: RawSpan, of table: NftablesTable) -> NftablesChain? {
        var tableName = ""
        var name = ""
        var type: NftablesChain.ChainType?
        var hook: NftablesChain.Hook?
        var priority: Int32?
        var dropsByPolicy = false
        var comment: String?
        payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { attribute, value in
            switch UInt32(attribute) {
            case NFTA_CHAIN_TABLE.rawValue: tableName = value.text
            case NFTA_CHAIN_NAME.rawValue: name = value.text
            case NFTA_CHAIN_TYPE.rawValue: type = NftablesChain.ChainType(rawValue: value.text)
            case NFTA_CHAIN_HOOK.rawValue:
                value.forEachAttribute { inner, content in
                    switch UInt32(inner) {
                    case NFTA_HOOK_HOOKNUM.rawValue:
                        hook = content.networkUInt32.flatMap(NftablesChain.Hook.init(rawValue:))
                    case NFTA_HOOK_PRIORITY.rawValue: priority = content.networkUInt32.map(Int32.init(bitPattern:))
                    default: break
                    }
                }
            case NFTA_CHAIN_POLICY.rawValue: dropsByPolicy = value.networkUInt32 == UInt32(NF_DROP)
            case NFTA_CHAIN_USERDATA.rawValue:
                comment = Userdata.comment(in: value, type: Int(NFTNL_UDATA_CHAIN_COMMENT.rawValue))
            default: break
            }
        }
        guard tableName == table.name else { return nil }
        var chain = NftablesChain(name, comment: comment)
        if let type, let hook, let priority {
            chain.attachment = NftablesChain.Attachment(
                type: type, hook: hook, priority: priority, dropsByPolicy: dropsByPolicy)
        }
        return chain
    }

    /// Reads a rule through libnftnl; nil when it is of another table.
    ///
    /// - Throws: `.malformedAnswer` when libnftnl cannot read it.
    static func rule(
        _ header: NetlinkMessageHeader, _ payload: RawSpan, of table: NftablesTable
    ) throws(NetlinkError) -> NftablesStoredRule? {
        let doing = "read rule of \(table.name)"
        // SAFETY: `object` is valid until freed here; what points into it is copied before.
        guard let object = unsafe nftnl_rule_alloc() else { throw NftablesBatch.outOfMemory }
        defer { unsafe nftnl_rule_free(object) }
        let status = unsafe payload.withUnsafeBytes { bytes -> Int32 in
            guard let base = bytes.baseAddress else { return -1 }
            // SAFETY: the payload follows its 16-byte header in the receive buffer, whose messages
            // are aligned to four bytes; header.length was checked against the buffer.
            let message = unsafe (base - NetlinkWriter.headerBytes).assumingMemoryBound(to: nlmsghdr.self)
            return unsafe nftnl_rule_nlmsg_parse(message, object)
        }
        guard status == 0, let chain = unsafe nftnl_rule_get_str(object, UInt16(NFTNL_RULE_CHAIN.rawValue)),
            let tableName = unsafe nftnl_rule_get_str(object, UInt16(NFTNL_RULE_TABLE.rawValue))
        else { throw NetlinkError(.malformedAnswer, doing: doing) }
        guard unsafe String(cString: tableName) == table.name else { return nil }
        let rule = NftablesRule(
            chain: unsafe String(cString: chain), unsafe try expressions(of: object, family: table.family),
            comment: unsafe comment(of: object))
        // SAFETY: `object` lives until this function returns.
        return NftablesStoredRule(
            rule: rule, handle: unsafe nftnl_rule_get_u64(object, UInt16(NFTNL_RULE_HANDLE.rawValue)))
    }

    private static func expressions(
        of rule: OpaquePointer, family: NftablesFamily
    ) throws(NetlinkError) -> [RuleExpression] {
        // SAFETY: the caller keeps the rule alive; the iterator is freed here.
        guard let iterator = unsafe nftnl_expr_iter_create(rule) else { throw NftablesBatch.outOfMemory }
        defer { unsafe nftnl_expr_iter_destroy(iterator) }
        var expressions: [RuleExpression] = []
        while let expression = unsafe nftnl_expr_iter_next(iterator) {
            expressions.append(RuleExpression(unsafe ExpressionReader(expression), family: family))
        }
        return expressions
    }

    private static func comment(of rule: OpaquePointer) -> String? {
        var length: UInt32 = 0
        // SAFETY: the caller keeps the rule alive; libnftnl states the length.
        guard unsafe nftnl_rule_is_set(rule, UInt16(NFTNL_RULE_USERDATA.rawValue)),
            let data = unsafe nftnl_rule_get_data(rule, UInt16(NFTNL_RULE_USERDATA.rawValue), &length)
        else { return nil }
        let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: data, count: Int(length)))
        return unsafe Userdata.comment(in: bytes.span.bytes, type: Int(NFTNL_UDATA_RULE_COMMENT.rawValue))
    }
}

extension NftablesStoredSet {
    /// Reads a set; nil without a name. Anonymous sets are left out too.
    init?(_ payload: RawSpan) {
        var name = ""
        var kernelFlags: UInt32 = 0
        var size: UInt32?
        var keyBytes: UInt32?
        var dataBytes: UInt32?
        var key: NftTypeof?
        var data: NftTypeof?
        var comment: String?
        payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { type, value in
            switch UInt32(type) {
            case NFTA_SET_NAME.rawValue: name = value.text
            case NFTA_SET_FLAGS.rawValue: kernelFlags = value.networkUInt32 ?? 0
            case NFTA_SET_KEY_LEN.rawValue: keyBytes = value.networkUInt32
            case NFTA_SET_DATA_LEN.rawValue: dataBytes = value.networkUInt32
            case NFTA_SET_DESC.rawValue:
                value.forEachAttribute { inner, content in
                    if UInt32(inner) == NFTA_SET_DESC_SIZE.rawValue { size = content.networkUInt32 }
                }
            case NFTA_SET_USERDATA.rawValue:
                Userdata.forEach(value) { entry, content in
                    switch UInt32(entry) {
                    case NFTNL_UDATA_SET_KEY_TYPEOF.rawValue: key = NftTypeof(content)
                    case NFTNL_UDATA_SET_DATA_TYPEOF.rawValue: data = NftTypeof(content)
                    case NFTNL_UDATA_SET_COMMENT.rawValue: comment = content.text
                    default: break
                    }
                }
            default: break
            }
        }
        guard !name.isEmpty, kernelFlags & NFT_SET_ANONYMOUS.rawValue == 0 else { return nil }
        self.name = name
        var known: NftablesSet?
        if case .fields(let fields) = key, Int(keyBytes ?? 0) == NftablesField.byteCount(of: fields) {
            var flags: NftablesSet.Flags = []
            if kernelFlags & NFT_SET_INTERVAL.rawValue != 0 { flags.insert(.interval) }
            if kernelFlags & NFT_SET_TIMEOUT.rawValue != 0 { flags.insert(.timeout) }
            if kernelFlags & NFT_SET_EVAL.rawValue != 0 { flags.insert(.dynamic) }
            switch data {
            case .fields(let values) where Int(dataBytes ?? 0) == NftablesField.byteCount(of: values):
                known = NftablesSet(
                    name, key: fields, data: .fields(values), flags: flags, size: size, comment: comment)
            case .verdict:
                known = NftablesSet(name, key: fields, data: .verdict, flags: flags, size: size, comment: comment)
            case nil: known = NftablesSet(name, key: fields, flags: flags, size: size, comment: comment)
            case .fields: break
            }
            // What the flags say and the shape does not (a map of objects, say) makes it foreign.
            if known?.kernelFlags != kernelFlags { known = nil }
        }
        set = known
    }
}
