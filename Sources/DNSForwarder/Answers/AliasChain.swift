internal import DNSWire

/// What of an upstream's answer is kept: the chain of aliases from the question's name, in order, and the records at
/// its end. Anything else in the answer section was not asked for.
struct AliasChain: Equatable {
    /// Why the chain ends where it does.
    enum End: Equatable {
        /// Records of the type, or the upstream's word that there are none.
        case complete
        /// The target is not in the answer: it is asked for next.
        case open(DomainName)
        /// The target is a name of this server: what follows is its own to say.
        case own(DomainName)
        /// A loop, or more aliases than the limit.
        case endless
    }

    var records: [ResourceRecord] = []
    var end = End.complete
    var aliasCount = 0

    init(records: [ResourceRecord]) { self.records = records }

    /// - Parameter limit: aliases at most.
    init(
        from name: DomainName, type: RecordType, in message: Message, limit: Int, isOwn: (DomainName) -> Bool
    ) {
        guard type != .any else {
            records = message.answers.filter { $0.name == name }
            return
        }
        // By owner, so that a long answer costs its length and no more.
        let byOwner = Dictionary(grouping: message.answers, by: \.name)
        var current = name
        while true {
            let here = byOwner[current] ?? []
            records += here.filter { $0.type == type || covers($0, type) }
            if here.contains(where: { $0.type == type }) { return }
            guard let alias = here.first(where: { $0.type == .cname }), case .cname(let target) = alias.data else {
                if aliasCount > 0, message.isSilent(on: current) { end = .open(current) }
                return
            }
            records.append(alias)
            records += here.filter { covers($0, .cname) }
            aliasCount += 1
            if isOwn(target) {
                end = .own(target)
                return
            }
            guard aliasCount <= limit, target != name else {
                end = .endless
                return
            }
            current = target
        }
    }
}

/// A signature over `type` (RFC 4034 section 3.1: the type covered comes first).
private func covers(_ record: ResourceRecord, _ type: RecordType) -> Bool {
    guard case .opaque(.rrsig, let data) = record.data, data.count > 2, type != .rrsig else { return false }
    return UInt16(data[0]) << 8 | UInt16(data[1]) == type.rawValue
}

extension Message {
    /// NOERROR, without the SOA that would say that `name` has no such data (RFC 2308 section 2.2).
    fileprivate func isSilent(on name: DomainName) -> Bool {
        responseCode == .noError && !authorities.contains { $0.type == .soa && name.isWithin($0.name) }
    }
}
