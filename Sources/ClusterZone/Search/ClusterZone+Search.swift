package import DNSWire
internal import NetworkTypes

/// What the zone has to say about a name that a client would look for next.
package enum SearchedName: Sendable, Hashable {
    /// Other servers know.
    case outside
    /// It does not exist.
    case absent
    /// It exists and owns no addresses, nor anything else of the type asked.
    case empty
    /// A CNAME from the question's name to it has been written, and its records, or that it has only addresses of the other
    /// family.
    case written(ZoneAnswer)
}

extension ClusterZone {
    /// Answers a question about a name that does not exist with another one, as if the first were an alias of it.
    ///
    /// Nothing is written unless the outcome says so. The CNAME lives as long as negative answers do: it stands for one,
    /// and a name that appears must be seen as soon.
    ///
    /// - Parameters:
    ///   - query: about a name within the cluster's domain.
    ///   - candidate: the other name.
    ///   - target: for the names that CNAMEs lead to.
    package func answer(
        _ query: ParsedQuery, searching candidate: DomainName, target: borrowing NameScratch, rotation: UInt32,
        into writer: inout AnswerWriter
    ) -> SearchedName {
        let name = candidate.lowercased
        let labels = name.labels.count
        // SAFETY: the name's bytes outlive the call.
        return unsafe name.wire.withUnsafeBytes { wire in
            guard let depth = unsafe labelsBelowDomain(wire, labelCount: labels) else {
                // Ours as well, but nobody searches for addresses by these names.
                return unsafe isReverse(wire, labels) ? .absent : .outside
            }
            if let node = unsafe tables.names.find(wire, hash: NameHash.hash(wire)) {
                return unsafe answer(query, from: node, wire, target, rotation, &writer)
            }
            guard case .address(let address) = unsafe pod(wire, depth: depth) else { return depth > 0 ? .absent : .empty }
            guard let owner = unsafe putSearched(wire, &writer) else { return .written(.cut) }
            let type: RecordType = address.family == .ipv4 ? .a : .aaaa
            guard query.type == type else { return .written(negative(.noError, query, &writer)) }
            return .written(ZoneAnswer(.answered, .cluster, isComplete: put(address, owner, &writer)))
        }
    }

    private func isReverse(_ wire: UnsafeRawBufferPointer, _ labels: Int) -> Bool {
        // SAFETY: the caller's name, while it is there.
        guard let name = unsafe ReverseName(wire, labelCount: labels) else { return false }
        return ranges.zoneDepth(of: name) != nil
    }

    private func answer(
        _ query: ParsedQuery, from node: Node, _ wire: UnsafeRawBufferPointer, _ target: borrowing NameScratch,
        _ rotation: UInt32, _ writer: inout AnswerWriter
    ) -> SearchedName {
        let records = node.records(query.type)
        guard records != nil || hasOtherFamily(node, query.type) else { return .empty }
        // SAFETY: the caller's name, while it is there.
        guard let owner = unsafe putSearched(wire, &writer) else { return .written(.cut) }
        guard let records, records.type == .cname else { return .written(put(node, query, owner, rotation, &writer)) }
        return .written(follow(node, records, query, target, rotation, owner, &writer))
    }

    /// A resolver that asks for A and AAAA stays with a name that has either: the other question must not lead on.
    private func hasOtherFamily(_ node: Node, _ type: RecordType) -> Bool {
        switch type {
        case .a: node.records(.aaaa) != nil
        case .aaaa: node.records(.a) != nil
        default: false
        }
    }

    /// The CNAME; returns where its target is, nil where it does not fit.
    private func putSearched(_ wire: UnsafeRawBufferPointer, _ writer: inout AnswerWriter) -> Int? {
        guard writer.remaining >= AnswerWriter.recordByteCount + wire.count else { return nil }
        writer.putRecord(
            owner: AnswerWriter.questionName, .cname, timeToLive: domain.negativeTimeToLive, dataByteCount: wire.count)
        // SAFETY: copied at once.
        unsafe writer.put(wire)
        writer.answers += 1
        return writer.position - wire.count
    }
}

extension ZoneAnswer {
    /// Not even the first record fits.
    fileprivate static var cut: ZoneAnswer { ZoneAnswer(.answered, .cluster, isComplete: false) }
}
