import CNetfilter
import Glibc

extension NftablesBatch {
    /// Adds a chain; one that is there already with the same attachment is left as it is.
    package mutating func addChain(_ chain: NftablesChain, to table: NftablesTable) throws(NetlinkError) {
        try putChain(.addChain, chain, table, NFT_MSG_NEWCHAIN, NLM_F_CREATE)
    }

    /// Deletes an empty chain that nothing jumps to (`.busy` when something does).
    package mutating func deleteChain(_ name: String, from table: NftablesTable) throws(NetlinkError) {
        try putChain(.deleteChain, NftablesChain(name), table, NFT_MSG_DELCHAIN, 0)
    }

    /// Appends a rule to its chain.
    package mutating func addRule(_ rule: NftablesRule, to table: NftablesTable) throws(NetlinkError) {
        try NftablesBatch.check(name: rule.chain)
        guard rule.expressions.count <= NftablesLimits.expressions else {
            throw NetlinkError(
                .invalidRequest, doing: "encode rule of chain \(rule.chain): \(rule.expressions.count) expressions")
        }
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe try putRule(.addRule, table, rule.chain, detail: rule.comment, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND) {
            object throws(NetlinkError) in
            for expression in rule.expressions {
                unsafe try expression.builder(family: table.family).add(to: object)
            }
            guard let comment = rule.comment else { return }
            var userdata = Userdata()
            userdata.put(Int(NFTNL_UDATA_RULE_COMMENT.rawValue), comment: comment)
            // SAFETY: the rule is valid and copies the bytes.
            unsafe nftnl_rule_set_data(
                object, UInt16(NFTNL_RULE_USERDATA.rawValue), userdata.bytes, UInt32(userdata.bytes.count))
        }
    }

    /// Deletes one rule by the handle a dump gave.
    package mutating func deleteRule(handle: UInt64, chain: String, from table: NftablesTable) throws(NetlinkError) {
        try NftablesBatch.check(name: chain)
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe try putRule(.deleteRule, table, chain, detail: "handle \(handle)", NFT_MSG_DELRULE, 0) {
            // SAFETY: the rule is valid.
            unsafe nftnl_rule_set_u64($0, UInt16(NFTNL_RULE_HANDLE.rawValue), handle)
        }
    }

    /// Deletes all rules of a chain.
    package mutating func flushChain(_ chain: String, of table: NftablesTable) throws(NetlinkError) {
        try NftablesBatch.check(name: chain)
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe try putRule(.flushChain, table, chain, detail: nil, NFT_MSG_DELRULE, 0) { _ in }
    }

    /// Adds a set or map; one that is there already with the same shape is left as it is, but for its size,
    /// which newer kernels take over.
    ///
    /// - Throws: `.invalidRequest` when its typeof and comment outgrow the kernel's 256 bytes.
    package mutating func addSet(_ set: NftablesSet, to table: NftablesTable) throws(NetlinkError) {
        guard !set.key.isEmpty else {
            throw NetlinkError(.invalidRequest, doing: "encode set \(set.name) without a key")
        }
        let userdata = set.userdata.bytes
        guard userdata.count <= NftablesLimits.userdataBytes else {
            throw NetlinkError(
                .invalidRequest, doing: "encode set \(set.name): \(userdata.count) bytes of userdata, 256 is the limit")
        }
        let id = takeSetID()
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe try putSet(.addSet, table, set.name, NFT_MSG_NEWSET, NLM_F_CREATE) { object in
            // SAFETY: the set is valid and copies what it is given.
            unsafe nftnl_set_set_u32(object, UInt16(NFTNL_SET_ID.rawValue), id)
            unsafe nftnl_set_set_u32(object, UInt16(NFTNL_SET_FLAGS.rawValue), set.kernelFlags)
            unsafe nftnl_set_set_u32(
                object, UInt16(NFTNL_SET_KEY_TYPE.rawValue), NftablesField.datatype(of: set.key))
            unsafe nftnl_set_set_u32(
                object, UInt16(NFTNL_SET_KEY_LEN.rawValue), UInt32(NftablesField.byteCount(of: set.key)))
            switch set.data {
            case .fields(let fields):
                unsafe nftnl_set_set_u32(
                    object, UInt16(NFTNL_SET_DATA_TYPE.rawValue), NftablesField.datatype(of: fields))
                unsafe nftnl_set_set_u32(
                    object, UInt16(NFTNL_SET_DATA_LEN.rawValue), UInt32(NftablesField.byteCount(of: fields)))
            case .verdict:
                // SAFETY: as above.
                unsafe nftnl_set_set_u32(
                    object, UInt16(NFTNL_SET_DATA_TYPE.rawValue), NFT_DATA_VERDICT.rawValue)
            case nil: break
            }
            if let size = set.size { unsafe nftnl_set_set_u32(object, UInt16(NFTNL_SET_DESC_SIZE.rawValue), size) }
            if set.isConcatenatedInterval {
                let lengths = set.key.map { UInt8($0.byteCount) }
                unsafe nftnl_set_set_data(
                    object, UInt16(NFTNL_SET_DESC_CONCAT.rawValue), lengths, UInt32(lengths.count))
            }
            unsafe nftnl_set_set_data(
                object, UInt16(NFTNL_SET_USERDATA.rawValue), userdata, UInt32(userdata.count))
        }
    }

    /// Deletes a set that no rule refers to (`.busy` when one does).
    package mutating func deleteSet(_ name: String, from table: NftablesTable) throws(NetlinkError) {
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe try putSet(.deleteSet, table, name, NFT_MSG_DELSET, 0) { _ in }
    }

    /// Deletes all elements of a set.
    package mutating func flushSet(_ name: String, of table: NftablesTable) throws(NetlinkError) {
        try NftablesBatch.check(name: table.name)
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe try putSet(.flushSet, table, name, NFT_MSG_DELSETELEM, 0) { _ in }
    }

    /// Adds elements to a set or map. Runs of elements for one set share messages; each message's
    /// list stays under 64 KiB. O(1) memory beyond the batch itself.
    ///
    /// - Parameter exclusive: fail with `.exists` also for an element that is there with the same data.
    ///   An element that is there with other data always fails so.
    /// - Throws: `.invalidRequest` when a key is not as long as the set's.
    package mutating func addElements(
        _ elements: some Sequence<NftablesElement>, to set: NftablesSet, in table: NftablesTable,
        exclusive: Bool = false
    ) throws(NetlinkError) {
        try put(
            .addElements, elements, set: set, table: table, type: NFT_MSG_NEWSETELEM,
            flags: NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0), exclusive: exclusive)
    }

    /// Deletes elements by key; one that is not there fails with `.notFound`.
    package mutating func deleteElements(
        _ elements: some Sequence<NftablesElement>, from set: NftablesSet, in table: NftablesTable
    ) throws(NetlinkError) {
        try put(
            .deleteElements, elements, set: set, table: table, type: NFT_MSG_DELSETELEM, flags: 0, exclusive: false)
    }

    private mutating func putChain(
        _ kind: Operation.Kind, _ chain: NftablesChain, _ table: NftablesTable, _ type: nf_tables_msg_types,
        _ flags: Int32
    ) throws(NetlinkError) {
        try NftablesBatch.check(name: table.name)
        try NftablesBatch.check(name: chain.name)
        // SAFETY: `object` is valid until freed here; libnftnl copies strings and userdata.
        guard let object = unsafe nftnl_chain_alloc() else { throw NftablesBatch.outOfMemory }
        defer { unsafe nftnl_chain_free(object) }
        unsafe nftnl_chain_set_u32(object, UInt16(NFTNL_CHAIN_FAMILY.rawValue), UInt32(table.family.rawValue))
        unsafe nftnl_chain_set_str(object, UInt16(NFTNL_CHAIN_TABLE.rawValue), table.name)
        unsafe nftnl_chain_set_str(object, UInt16(NFTNL_CHAIN_NAME.rawValue), chain.name)
        if let attachment = chain.attachment {
            unsafe nftnl_chain_set_u32(object, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), attachment.hook.rawValue)
            unsafe nftnl_chain_set_s32(object, UInt16(NFTNL_CHAIN_PRIO.rawValue), attachment.priority)
            unsafe nftnl_chain_set_str(object, UInt16(NFTNL_CHAIN_TYPE.rawValue), attachment.type.rawValue)
            let policy = attachment.dropsByPolicy ? NF_DROP : NF_ACCEPT
            unsafe nftnl_chain_set_u32(object, UInt16(NFTNL_CHAIN_POLICY.rawValue), UInt32(policy))
        }
        if let comment = chain.comment {
            var userdata = Userdata()
            userdata.put(Int(NFTNL_UDATA_CHAIN_COMMENT.rawValue), comment: comment)
            // SAFETY: as above: the userdata is copied.
            unsafe nftnl_chain_set_data(
                object, UInt16(NFTNL_CHAIN_USERDATA.rawValue), userdata.bytes, UInt32(userdata.bytes.count))
        }
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe add(kind, table, chain.name, type, flags) { header in
            unsafe nftnl_chain_nlmsg_build_payload(header, object)
        }
    }

    private mutating func putRule(
        _ kind: Operation.Kind, _ table: NftablesTable, _ chain: String, detail: String?,
        _ type: nf_tables_msg_types, _ flags: Int32, _ fill: (OpaquePointer) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        try NftablesBatch.check(name: table.name)
        guard let object = unsafe nftnl_rule_alloc() else { throw NftablesBatch.outOfMemory }
        // SAFETY: `object` is valid until freed here, which frees its expressions too.
        defer { unsafe nftnl_rule_free(object) }
        unsafe nftnl_rule_set_u32(object, UInt16(NFTNL_RULE_FAMILY.rawValue), UInt32(table.family.rawValue))
        unsafe nftnl_rule_set_str(object, UInt16(NFTNL_RULE_TABLE.rawValue), table.name)
        unsafe nftnl_rule_set_str(object, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe try fill(object)
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe add(kind, table, chain, detail: detail, type, flags) { header in
            unsafe nftnl_rule_nlmsg_build_payload(header, object)
        }
    }

    private mutating func putSet(
        _ kind: Operation.Kind, _ table: NftablesTable, _ name: String, _ type: nf_tables_msg_types, _ flags: Int32,
        _ fill: (OpaquePointer) -> Void
    ) throws(NetlinkError) {
        try NftablesBatch.check(name: table.name)
        try NftablesBatch.check(name: name)
        guard let object = unsafe nftnl_set_alloc() else { throw NftablesBatch.outOfMemory }
        // SAFETY: `object` is valid until freed here; libnftnl copies strings and userdata.
        defer { unsafe nftnl_set_free(object) }
        unsafe nftnl_set_set_u32(object, UInt16(NFTNL_SET_FAMILY.rawValue), UInt32(table.family.rawValue))
        unsafe nftnl_set_set_str(object, UInt16(NFTNL_SET_TABLE.rawValue), table.name)
        unsafe nftnl_set_set_str(object, UInt16(NFTNL_SET_NAME.rawValue), name)
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe fill(object)
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe add(kind, table, name, type, flags) { header in
            // An element message has the same first two attributes as a set's: table and name.
            unsafe nftnl_set_nlmsg_build_payload(header, object)
        }
    }
}
