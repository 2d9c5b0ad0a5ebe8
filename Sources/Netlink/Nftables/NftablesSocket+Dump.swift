import CNetfilter
import Glibc

/// A rule as it was read, with the handle that deletes it.
package struct NftablesStoredRule: Sendable, Hashable {
    package let rule: NftablesRule
    package let handle: UInt64
}

/// A set as it was read.
package struct NftablesStoredSet: Sendable, Hashable {
    package let name: String
    /// Nil when it is not of a shape that Fairway writes.
    package let set: NftablesSet?

    package init(name: String, set: NftablesSet?) {
        self.name = name
        self.set = set
    }
}

extension NftablesSocket {
    /// The generation of this namespace's ruleset, which every commit by anyone raises.
    package func generation() throws(NetlinkError) -> UInt32 {
        let doing = "read nftables generation"
        var writer = NetlinkWriter(capacity: 64)
        NftablesSocket.request(&writer, NFT_MSG_GETGEN, flags: 0, family: UInt8(AF_UNSPEC))
        socket.drain()
        try socket.send(writer.storage, count: writer.count, doing: doing)
        var buffer = [UInt8](repeating: 0, count: NetlinkLimits.receiveBytes)
        guard let count = try socket.receive(into: &buffer, wait: true, doing: doing) else {
            throw NetlinkError(.malformedAnswer, doing: doing)
        }
        var generation: UInt32?
        try buffer.forEachMessage(count: count) { header, payload throws(NetlinkError) in
            if Int32(header.type) == NLMSG_ERROR, let answer = NetlinkAcknowledgement(header, payload) {
                throw NetlinkError(errno: answer.errno, doing: doing, kernelText: answer.text)
            }
            payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { type, value in
                if UInt32(type) == NFTA_GEN_ID.rawValue { generation = value.networkUInt32 }
            }
        }
        guard let generation else { throw NetlinkError(.malformedAnswer, doing: doing) }
        return generation
    }

    /// The tables of one family.
    package func tables(_ family: NftablesFamily) throws(NetlinkError) -> [NftablesTable] {
        var tables: [NftablesTable] = []
        try dump(NFT_MSG_GETTABLE, family, doing: "list nftables tables", restart: { tables = [] }) { _, payload in
            var name = ""
            var comment: String?
            var flags: UInt32 = 0
            payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { type, value in
                switch UInt32(type) {
                case NFTA_TABLE_NAME.rawValue: name = value.text
                case NFTA_TABLE_FLAGS.rawValue: flags = value.networkUInt32 ?? 0
                case NFTA_TABLE_USERDATA.rawValue:
                    comment = Userdata.comment(in: value, type: Int(NFTNL_UDATA_TABLE_COMMENT.rawValue))
                default: break
                }
            }
            var table = NftablesTable(family: family, name: name, comment: comment)
            table.isDormant = flags & NFT_TABLE_F_DORMANT.rawValue != 0
            tables.append(table)
        }
        return tables
    }

    /// The chains of a table, in the order they were added; none when there is no such table.
    package func chains(of table: NftablesTable) throws(NetlinkError) -> [NftablesChain] {
        var chains: [NftablesChain] = []
        try dump(NFT_MSG_GETCHAIN, table.family, doing: "list chains of \(table.name)", restart: { chains = [] }) {
            _, payload in
            if let chain = NftablesSocket.chain(payload, of: table) { chains.append(chain) }
        }
        return chains
    }

    /// The rules of a table, chain by chain, in the order the kernel runs them.
    ///
    /// - Parameter chain: only the rules of that chain.
    package func rules(of table: NftablesTable, chain: String? = nil) throws(NetlinkError) -> [NftablesStoredRule] {
        var rules: [NftablesStoredRule] = []
        try dump(
            NFT_MSG_GETRULE, table.family, doing: "list rules of \(table.name)", restart: { rules = [] },
            filter: { writer in
                writer.put(Int(NFTA_RULE_TABLE.rawValue), table.name)
                if let chain { writer.put(Int(NFTA_RULE_CHAIN.rawValue), chain) }
            },
            { header, payload throws(NetlinkError) in
                if let rule = try NftablesSocket.rule(header, payload, of: table) { rules.append(rule) }
            })
        return rules
    }

    /// The named sets and maps of a table.
    package func sets(of table: NftablesTable) throws(NetlinkError) -> [NftablesStoredSet] {
        var sets: [NftablesStoredSet] = []
        try dump(
            NFT_MSG_GETSET, table.family, doing: "list sets of \(table.name)", restart: { sets = [] },
            filter: { $0.put(Int(NFTA_SET_TABLE.rawValue), table.name) },
            { _, payload in
                if let set = NftablesStoredSet(payload) { sets.append(set) }
            })
        return sets
    }

    /// The elements of a set, in no particular order.
    ///
    /// - Parameter takesInterrupted: does not begin again when anybody commits anything meanwhile: the
    ///   reading of a large set would never end beside one who commits all the time. The kernel walks a
    ///   set that does not change itself correctly all the same; whether it did, the caller finds out.
    /// - Throws: `.notFound` when there is no such set.
    package func elements(
        ofSet set: String, in table: NftablesTable, takesInterrupted: Bool = false
    ) throws(NetlinkError) -> [NftablesElement] {
        var elements: [NftablesElement] = []
        try dumpElements(
            ofSet: set, in: table, takesInterrupted: takesInterrupted,
            restart: { elements.removeAll(keepingCapacity: true) }
        ) { payload in
            if let element = NftablesElement(payload) { elements.append(element) }
        }
        return elements
    }

    /// Hands each element's key and value to `body` without making an object of it; the value is
    /// empty for sets and for verdicts.
    ///
    /// - Parameter restart: called before the first element, and again when the set changed under the
    ///   reading and all elements come once more.
    package func forEachElement(
        ofSet set: String, in table: NftablesTable, restart: () -> Void,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Void
    ) throws(NetlinkError) {
        try dumpElements(ofSet: set, in: table, restart: restart) { payload in
            let none = payload.byteCount..<payload.byteCount
            let key = payload.valueRange(of: NFTA_SET_ELEM_KEY) ?? none
            let value = payload.valueRange(of: NFTA_SET_ELEM_DATA) ?? none
            body(payload.extracting(key), payload.extracting(value))
        }
    }

    private func dumpElements(
        ofSet set: String, in table: NftablesTable, takesInterrupted: Bool = false, restart: () -> Void,
        _ body: (RawSpan) -> Void
    ) throws(NetlinkError) {
        try dump(
            NFT_MSG_GETSETELEM, table.family, doing: "list elements of \(table.name) \(set)",
            takesInterrupted: takesInterrupted, restart: restart,
            filter: { writer in
                writer.put(Int(NFTA_SET_ELEM_LIST_TABLE.rawValue), table.name)
                writer.put(Int(NFTA_SET_ELEM_LIST_SET.rawValue), set)
            },
            { _, payload in
                payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { type, list in
                    guard UInt32(type) == NFTA_SET_ELEM_LIST_ELEMENTS.rawValue else { return }
                    list.forEachAttribute { kind, element in
                        if UInt32(kind) == NFTA_LIST_ELEM.rawValue { body(element) }
                    }
                }
            })
    }

    private func dump(
        _ type: nf_tables_msg_types, _ family: NftablesFamily, doing: String, takesInterrupted: Bool = false,
        restart: () -> Void, filter: (inout NetlinkWriter) -> Void = { _ in },
        _ body: (NetlinkMessageHeader, RawSpan) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 1024)
        NftablesSocket.request(&writer, type, flags: NLM_F_DUMP, family: family.rawValue, filter)
        try socket.dump(writer, doing: doing, takesInterrupted: takesInterrupted, restart: restart, body)
    }

    private static func request(
        _ writer: inout NetlinkWriter, _ type: nf_tables_msg_types, flags: Int32, family: UInt8,
        _ filter: (inout NetlinkWriter) -> Void = { _ in }
    ) {
        let start = writer.beginNetfilterMessage(
            type: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(type.rawValue), flags: UInt16(NLM_F_REQUEST | flags),
            sequence: 1, family: family)
        filter(&writer)
        writer.endMessage(at: start)
    }
}

extension RawSpan {
    /// Where the NFTA_DATA_VALUE of an element's key or data lies; nil for a verdict.
    fileprivate func valueRange(of attribute: nft_set_elem_attributes) -> Range<Int>? {
        guard let data = range(ofAttribute: Int(attribute.rawValue), in: 0..<byteCount) else { return nil }
        return range(ofAttribute: Int(NFTA_DATA_VALUE.rawValue), in: data)
    }
}
