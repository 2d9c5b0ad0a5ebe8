internal import DNSWire
internal import NetworkTypes

extension ClusterZone {
    /// A name that is not within the cluster's domain.
    ///
    /// A reverse zone's names are decided by addresses: a name exists if it is the zone's own, or an address below it has
    /// a name. Addresses outside of the zones are answered at their very name, which is then a zone by itself; nothing
    /// else below `in-addr.arpa` and `ip6.arpa` is ours.
    func answerReverse(
        _ query: ParsedQuery, _ wire: UnsafeRawBufferPointer, _ writer: inout AnswerWriter
    ) -> ZoneAnswer {
        // SAFETY: the caller's name, while it is there.
        guard let name = unsafe ReverseName(wire, labelCount: query.labelCount) else { return ZoneAnswer(.notOurs, .other) }
        let table = tables.pointers(name.family)
        guard let zoneDepth = ranges.zoneDepth(of: name) else {
            guard name.isWhole, readiness != .unsynced, let list = table.find(name.bits) else {
                return ZoneAnswer(.notOurs, .other)
            }
            return put(list, query, AnswerWriter.questionName, &writer)
        }
        guard readiness != .unsynced else { return ZoneAnswer(.notReady, .reverse) }
        // SAFETY: the zone's labels are the last of the name's.
        let apex = unsafe AnswerWriter.questionName + Self.offset(ofLabel: name.labelCount - zoneDepth, in: wire)
        if name.isWhole, let list = table.find(name.bits) { return put(list, query, apex, &writer) }
        let isApex = name.labelCount == zoneDepth
        if isApex, query.type == .soa { return putAuthorityAnswer(apex, &writer) }
        let exists = isApex || (name.isWellFormed && table.hasAddress(from: name.bits, through: name.lastBits))
        return denied(exists ? .noError : .nameError, apex, &writer)
    }

    private func put(
        _ list: NameList, _ query: ParsedQuery, _ apex: Int, _ writer: inout AnswerWriter
    ) -> ZoneAnswer {
        guard query.type == .ptr else {
            let isApex = apex == AnswerWriter.questionName
            return isApex && query.type == .soa ? putAuthorityAnswer(apex, &writer) : denied(.noError, apex, &writer)
        }
        var isComplete = true
        list.forEach { offset, count in
            guard writer.remaining >= AnswerWriter.recordByteCount + count else {
                isComplete = false
                return false
            }
            writer.putRecord(
                owner: AnswerWriter.questionName, .ptr, timeToLive: domain.timeToLive, dataByteCount: count)
            // SAFETY: copied at once.
            unsafe writer.put(list.block.bytes(offset, count: count))
            writer.answers += 1
            return true
        }
        return ZoneAnswer(.answered, .reverse, isComplete: isComplete)
    }

    private func denied(_ code: ResponseCode, _ apex: Int, _ writer: inout AnswerWriter) -> ZoneAnswer {
        let isComplete = putAuthority(apex, &writer)
        if isComplete { writer.authorities += 1 }
        return ZoneAnswer(.answered, .reverse, code, isComplete: isComplete)
    }

    private func putAuthorityAnswer(_ apex: Int, _ writer: inout AnswerWriter) -> ZoneAnswer {
        let isComplete = putAuthority(apex, &writer)
        if isComplete { writer.answers += 1 }
        return ZoneAnswer(.answered, .reverse, isComplete: isComplete)
    }
}
