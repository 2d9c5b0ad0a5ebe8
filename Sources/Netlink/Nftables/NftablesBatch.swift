import CNetfilter
import Glibc

/// One nf_tables transaction being built: all of its operations take effect, or none does.
///
/// The operations are encoded as they are added. `NftablesSocket.commit` sends the batch.
package struct NftablesBatch: ~Copyable, Sendable {
    /// One message of the batch, remembered so that a failure can name it.
    struct Operation: Sendable {
        enum Kind: String, Sendable {
            case addTable = "add table"
            case deleteTable = "delete table"
            case addChain = "add chain"
            case deleteChain = "delete chain"
            case addRule = "add rule"
            case deleteRule = "delete rule"
            case flushChain = "flush chain"
            case addSet = "add set"
            case deleteSet = "delete set"
            case flushSet = "flush set"
            case addElements = "add element"
            case deleteElements = "delete element"
        }

        let kind: Kind
        let table: NftablesTable
        /// The chain or set, empty for a table.
        let name: String
        /// What else tells it apart: a rule's handle or comment.
        var detail: String?
        /// Where its message starts in the batch.
        let offset: Int
        /// For elements: the set's shape, where their list starts and which of them it holds.
        var set: NftablesSet?
        var listOffset = 0
        var elements = 0..<0
        var isExclusive = false
    }

    private(set) var writer: NetlinkWriter
    private(set) var operations: [Operation] = []
    private var nextSetID: UInt32 = 1
    /// The generation the batch was made for, nil when any will do.
    package let generation: UInt32?

    /// Sequence number of the batch's first message, that opens it; operation `i` has `i + 1`.
    static let beginSequence: UInt32 = 0

    /// - Parameters:
    ///   - generation: when given, the commit fails with `.generationChanged` if the ruleset of this
    ///     network namespace has another generation by then (NFNL_BATCH_GENID).
    ///   - capacity: bytes to begin with.
    package init(generation: UInt32? = nil, capacity: Int = 64 * 1024) {
        self.generation = generation
        writer = NetlinkWriter(capacity: capacity)
        let start = writer.beginNetfilterMessage(
            type: UInt16(NFNL_MSG_BATCH_BEGIN), flags: UInt16(NLM_F_REQUEST), sequence: NftablesBatch.beginSequence,
            family: UInt8(AF_UNSPEC), resource: UInt16(NFNL_SUBSYS_NFTABLES))
        if let generation { writer.put(Int(NFNL_BATCH_GENID.rawValue), networkOrder: generation) }
        writer.endMessage(at: start)
    }

    /// Whether nothing was added.
    package var isEmpty: Bool { operations.isEmpty }
    /// Messages so far; a run of elements of one set is as few as fit.
    package var operationCount: Int { operations.count }
    /// Bytes to be sent, so that a caller can cut at `NftablesLimits.batchBytes`.
    package var byteCount: Int { writer.count + NetlinkWriter.headerBytes + NetlinkWriter.netfilterHeaderBytes }

    /// Adds a table; one that is there already is left as it is.
    package mutating func addTable(_ table: NftablesTable) throws(NetlinkError) {
        try NftablesBatch.check(name: table.name)
        // SAFETY: `object` is valid until freed here; libnftnl copies strings and userdata.
        guard let object = unsafe nftnl_table_alloc() else { throw NftablesBatch.outOfMemory }
        defer { unsafe nftnl_table_free(object) }
        unsafe nftnl_table_set_str(object, UInt16(NFTNL_TABLE_NAME.rawValue), table.name)
        unsafe nftnl_table_set_u32(object, UInt16(NFTNL_TABLE_FAMILY.rawValue), UInt32(table.family.rawValue))
        if let comment = table.comment {
            var userdata = Userdata()
            userdata.put(Int(NFTNL_UDATA_TABLE_COMMENT.rawValue), comment: comment)
            unsafe nftnl_table_set_data(
                object, UInt16(NFTNL_TABLE_USERDATA.rawValue), userdata.bytes, UInt32(userdata.bytes.count))
        }
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe add(.addTable, table, "", NFT_MSG_NEWTABLE, NLM_F_CREATE) { header in
            unsafe nftnl_table_nlmsg_build_payload(header, object)
        }
    }

    /// Deletes a table with all it holds; fails with `.notFound` when it is not there.
    package mutating func deleteTable(_ table: NftablesTable) throws(NetlinkError) {
        try NftablesBatch.check(name: table.name)
        guard let object = unsafe nftnl_table_alloc() else { throw NftablesBatch.outOfMemory }
        // SAFETY: as in addTable.
        defer { unsafe nftnl_table_free(object) }
        unsafe nftnl_table_set_str(object, UInt16(NFTNL_TABLE_NAME.rawValue), table.name)
        unsafe nftnl_table_set_u32(object, UInt16(NFTNL_TABLE_FAMILY.rawValue), UInt32(table.family.rawValue))
        // SAFETY: the closure uses its pointer only while it runs.
        unsafe add(.deleteTable, table, "", NFT_MSG_DELTABLE, 0) { header in
            unsafe nftnl_table_nlmsg_build_payload(header, object)
        }
    }

    /// Deletes a table whether it is there or not: adds it first, which works on every kernel (NFT_MSG_DESTROYTABLE needs 6.3).
    package mutating func destroyTable(_ table: NftablesTable) throws(NetlinkError) {
        try addTable(NftablesTable(family: table.family, name: table.name))
        try deleteTable(table)
    }

    /// Encodes one operation that libnftnl writes.
    mutating func add(
        _ kind: Operation.Kind, _ table: NftablesTable, _ name: String, detail: String? = nil,
        _ type: nf_tables_msg_types, _ flags: Int32, _ payload: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) {
        let offset = writer.count
        let sequence = UInt32(operations.count + 1)
        // SAFETY: operationBytes is more than the largest operation the checks let through needs.
        unsafe writer.appendMessage(room: NftablesLimits.operationBytes) { bytes in
            guard
                let header = unsafe nftnl_nlmsg_build_hdr(
                    bytes.assumingMemoryBound(to: CChar.self), UInt16(type.rawValue), UInt16(table.family.rawValue),
                    UInt16(NLM_F_REQUEST | flags), sequence)
            else { return 0 }
            unsafe payload(header)
            return unsafe (Int(header.pointee.nlmsg_len) + 3) & ~3
        }
        operations.append(Operation(kind: kind, table: table, name: name, detail: detail, offset: offset))
    }

    /// A set's id, unique in the batch; the kernel demands one.
    mutating func takeSetID() -> UInt32 {
        defer { nextSetID += 1 }
        return nextSetID
    }

    /// Adds elements; see `addElements`.
    mutating func put(
        _ kind: Operation.Kind, _ elements: some Sequence<NftablesElement>, set: NftablesSet, table: NftablesTable,
        type: nf_tables_msg_types, flags: Int32, exclusive: Bool
    ) throws(NetlinkError) {
        try NftablesBatch.check(name: table.name)
        try NftablesBatch.check(name: set.name)
        let keyBytes = NftablesField.byteCount(of: set.key)
        var iterator = elements.makeIterator()
        guard var element = iterator.next() else { return }
        var operation = openElementList(kind, set: set, table: table, type: type, flags: flags, exclusive: exclusive)
        var hasMore = true
        while hasMore {
            guard element.key.count == keyBytes else {
                close(&operation)
                throw NetlinkError(
                    .invalidRequest, doing: "encode element of \(set.name): \(element.key.count) byte key, not \(keyBytes)")
            }
            guard element.keyEnd.map({ set.isConcatenatedInterval && $0.count == keyBytes }) ?? true else {
                close(&operation)
                throw NetlinkError(
                    .invalidRequest, doing: "encode element of \(set.name): a key end that does not fit the set")
            }
            let bound = NetlinkWriter.byteBound(element)
            if writer.count + bound - operation.listOffset > NftablesLimits.elementListBytes {
                close(&operation)
                operation = newElementList(
                    kind, set: set, table: table, type: type, flags: flags, exclusive: exclusive,
                    first: operation.elements.upperBound)
            }
            writer.reserve(bound)
            writer.put(element: element)
            operation.elements = operation.elements.lowerBound..<operation.elements.upperBound + 1
            if let next = iterator.next() { element = next } else { hasMore = false }
        }
        close(&operation)
    }

    /// The last operation when it is a list of the same kind that can be gone on with, else a new one.
    private mutating func openElementList(
        _ kind: Operation.Kind, set: NftablesSet, table: NftablesTable, type: nf_tables_msg_types, flags: Int32,
        exclusive: Bool
    ) -> Operation {
        if let last = operations.last, last.kind == kind, last.name == set.name, last.table.name == table.name,
            last.table.family == table.family, last.isExclusive == exclusive
        {
            operations.removeLast()
            return last
        }
        return newElementList(kind, set: set, table: table, type: type, flags: flags, exclusive: exclusive, first: 0)
    }

    private mutating func newElementList(
        _ kind: Operation.Kind, set: NftablesSet, table: NftablesTable, type: nf_tables_msg_types, flags: Int32,
        exclusive: Bool, first: Int
    ) -> Operation {
        let start = writer.beginNetfilterMessage(
            type: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(type.rawValue), flags: UInt16(NLM_F_REQUEST | flags),
            sequence: UInt32(operations.count + 1), family: table.family.rawValue)
        writer.put(Int(NFTA_SET_ELEM_LIST_TABLE.rawValue), table.name)
        writer.put(Int(NFTA_SET_ELEM_LIST_SET.rawValue), set.name)
        var operation = Operation(kind: kind, table: table, name: set.name, offset: start)
        operation.set = set
        operation.listOffset = writer.beginNest(Int(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue))
        operation.elements = first..<first
        operation.isExclusive = exclusive
        return operation
    }

    private mutating func close(_ operation: inout Operation) {
        writer.endNest(at: operation.listOffset)
        writer.endMessage(at: operation.offset)
        operations.append(operation)
    }

    /// Ends the batch: the last operation asks for an acknowledgement, which tells that all were read.
    mutating func finish() {
        if let last = operations.last {
            let flags = writer.flags(ofMessageAt: last.offset)
            writer.setFlags(flags | UInt16(NLM_F_ACK), ofMessageAt: last.offset)
        }
        let start = writer.beginNetfilterMessage(
            type: UInt16(NFNL_MSG_BATCH_END), flags: UInt16(NLM_F_REQUEST), sequence: UInt32(operations.count + 1),
            family: UInt8(AF_UNSPEC), resource: UInt16(NFNL_SUBSYS_NFTABLES))
        writer.endMessage(at: start)
    }

    static var outOfMemory: NetlinkError { NetlinkError(.system, doing: "encode nftables batch", errno: ENOMEM) }

    /// - Throws: `.invalidRequest` for an empty name or one that nf_tables has no room for.
    static func check(name: String) throws(NetlinkError) {
        guard (1...NftablesLimits.nameBytes).contains(name.utf8.count), !name.utf8.contains(0) else {
            throw NetlinkError(.invalidRequest, doing: "encode nftables name \"\(name)\": 1 to 255 bytes, no NUL")
        }
    }
}
