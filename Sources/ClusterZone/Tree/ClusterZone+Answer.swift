package import DNSWire
internal import NetworkTypes

extension ClusterZone {
    /// CNAMEs that an answer follows at most, so that a chain costs no more than it helps. At the limit, and when a chain
    /// comes back to a name it has passed, the answer is what was found so far, NOERROR: all of it is true, a resolver
    /// detects the loop itself, and SERVFAIL would make it ask this server's peers for the same.
    static let linkLimit = 12

    /// Answers a question of class IN from this snapshot, for any type but those that are no question of data
    /// (AXFR, ANY and so on are the server's matter).
    ///
    /// Does not allocate, and counts no references.
    ///
    /// - Parameters:
    ///   - name: the question's name, as the parser left it.
    ///   - target: for the names that CNAMEs lead to.
    ///   - rotation: a number of which every bit is random: with which address an answer begins.
    ///   - writer: stands behind the question, which is at byte 12 of the message.
    package func answer(
        _ query: ParsedQuery, name: borrowing NameScratch, target: borrowing NameScratch, rotation: UInt32,
        into writer: inout AnswerWriter
    ) -> ZoneAnswer {
        // SAFETY: the scratch holds the name until this returns.
        let wire = unsafe name.bytes(query.nameLength)
        if let node = unsafe tables.names.find(wire, hash: query.hash) {
            guard readiness != .unsynced else { return ZoneAnswer(.notReady, .cluster) }
            // CNAME stands for every type but itself and ANY.
            if let records = node.records(query.type), records.type.rawValue == 5, query.type.rawValue != 5,
                query.type.rawValue != 255
            {
                return follow(node, records, query, target, rotation, AnswerWriter.questionName, &writer)
            }
            return put(node, query, AnswerWriter.questionName, rotation, &writer)
        }
        guard let depth = unsafe labelsBelowDomain(wire, labelCount: query.labelCount) else {
            // SAFETY: as above.
            return unsafe answerReverse(query, wire, &writer)
        }
        guard readiness != .unsynced else { return ZoneAnswer(.notReady, .cluster) }
        return unsafe answerUnlisted(query, wire, depth, AnswerWriter.questionName, &writer)
    }

    /// The question is about the cluster's domain.
    package func isWithinDomain(_ query: ParsedQuery, name: borrowing NameScratch) -> Bool {
        guard query.hasQuestion else { return false }
        // SAFETY: the scratch holds the name until this returns.
        return unsafe labelsBelowDomain(name.bytes(query.nameLength), labelCount: query.labelCount) != nil
    }

    /// The labels of a name before the cluster's domain; nil: it is not within that.
    @inline(__always) func labelsBelowDomain(_ wire: UnsafeRawBufferPointer, labelCount: Int) -> Int? {
        let depth = labelCount - domain.labelCount
        guard depth >= 0 else { return nil }
        // SAFETY: the name is whole: each length byte leads to the next.
        let offset = unsafe Self.offset(ofLabel: depth, in: wire)
        guard wire.count - offset == domain.byteCount else { return nil }
        let rest = unsafe UnsafeRawBufferPointer(rebasing: wire[offset...])
        return unsafe domain.name.hasBytes(rest, at: Block.headerByteCount) ? depth : nil
    }

    @inline(__always) static func offset(ofLabel index: Int, in wire: UnsafeRawBufferPointer) -> Int {
        var offset = 0
        // SAFETY: the name has that many labels.
        for _ in 0..<index { unsafe offset += 1 + Int(wire[offset]) }
        return offset
    }

    /// A name of the domain that has no node: a pod's, the domain's own, or none.
    private func answerUnlisted(
        _ query: ParsedQuery, _ wire: UnsafeRawBufferPointer, _ depth: Int, _ owner: Int, _ writer: inout AnswerWriter
    ) -> ZoneAnswer {
        // SAFETY: the caller's name, while it is there.
        switch unsafe pod(wire, depth: depth) {
        case .missing:
            if depth > 0 { return negative(.nameError, query, &writer) }
            return query.type == .soa ? putApex(query, &writer) : negative(.noError, query, &writer)
        case .address(let address):
            guard query.type == (address.family == .ipv4 ? .a : .aaaa) else { return negative(.noError, query, &writer) }
            let isComplete = put(address, owner, &writer)
            return ZoneAnswer(.answered, .cluster, isComplete: isComplete)
        }
    }

    /// The records of a node that is no CNAME, or whose CNAME is what is asked for.
    @inline(__always) func put(
        _ node: Node, _ query: ParsedQuery, _ owner: Int, _ rotation: UInt32, _ writer: inout AnswerWriter
    ) -> ZoneAnswer {
        guard let records = node.records(query.type) else {
            if query.type == .soa, node.nameLength == domain.byteCount { return putApex(query, &writer) }
            return negative(.noError, query, &writer)
        }
        let isComplete: Bool
        switch records.type.rawValue {
        case 1: isComplete = putAddresses(node, records, 4, owner, rotation, &writer)
        case 28: isComplete = putAddresses(node, records, 16, owner, rotation, &writer)
        case 16: isComplete = putText(node, records, owner, &writer)
        case 5: isComplete = putAlias(node, records, owner, &writer) != nil
        default: isComplete = putNamed(node, records, owner, &writer)
        }
        return ZoneAnswer(.answered, .cluster, isComplete: isComplete)
    }

    /// Writes CNAMEs until a name has none.
    func follow(
        _ first: Node, _ alias: Node.RecordRange, _ query: ParsedQuery, _ target: borrowing NameScratch, _ rotation: UInt32,
        _ owner: Int, _ writer: inout AnswerWriter
    ) -> ZoneAnswer {
        var (node, alias, owner) = (first, alias, owner)
        var passed = InlineArray<12, Node>(repeating: first)
        for link in 0..<Self.linkLimit {
            passed[link] = node
            guard let length = putAlias(node, alias, owner, &writer) else {
                return ZoneAnswer(.answered, .cluster, isComplete: false)
            }
            owner = writer.position - length
            // SAFETY: the name was just written there, and stays while it is read.
            let wire = unsafe writer.written(from: owner, count: length)
            let hash = unsafe target.store(RawSpan(_unsafeBytes: wire), from: 0, count: length)
            let lowercase = unsafe target.bytes(length)
            guard let next = unsafe tables.names.find(lowercase, hash: hash) else {
                // SAFETY: the scratch holds the name until it is written anew.
                let labels = unsafe Self.labelCount(lowercase)
                guard let depth = unsafe labelsBelowDomain(lowercase, labelCount: labels) else {
                    return ZoneAnswer(.leavesZone, .cluster)
                }
                return unsafe answerUnlisted(query, lowercase, depth, owner, &writer)
            }
            guard let records = next.records(query.type), records.type == .cname else {
                return put(next, query, owner, rotation, &writer)
            }
            for index in 0...link where passed[index].block == next.block {
                return ZoneAnswer(.answered, .cluster)
            }
            (node, alias) = (next, records)
        }
        return ZoneAnswer(.answered, .cluster)
    }

    static func labelCount(_ wire: UnsafeRawBufferPointer) -> Int {
        var (offset, labels) = (0, 0)
        // SAFETY: the name is whole: each length byte leads to the next, and the last is 0.
        while unsafe wire[offset] != 0 {
            unsafe offset += 1 + Int(wire[offset])
            labels += 1
        }
        return labels
    }
}
