package import DNSWire

/// What must be answered, worked out from rows alone.
package struct ZoneOracle: Sendable {
    package let table: CaseTable

    package init(_ table: CaseTable) { self.table = table }

    /// CNAMEs that are followed.
    package static let linkLimit = 12

    /// Types every name is asked for: those of the rules, types that nobody has, and what is asked about zones.
    package static let types: [RecordType] = [
        .a, .aaaa, .srv, .txt, .any, .ptr, .cname, .mx, .https, RecordType(rawValue: 65280), .ns, .soa, .hinfo, .ds,
        .naptr, .svcb, .caa, .dnskey,
    ]

    /// The types a row is asked for: of names that are not ours, those that the upstream's rows are about.
    package func types(_ row: CaseRow) -> [RecordType] {
        row.readings == [.forwarded] ? [.a, .aaaa, .ptr, .txt] : Self.types
    }

    /// The answers that one reading of a row permits.
    package func answers(_ row: CaseRow, _ reading: CaseRow.Standing, _ type: RecordType) -> [ExpectedAnswer] {
        switch reading {
        case .missing: return [negative(.nameError, row.name)]
        case .forwarded, .failing: return [upstream(row.name, type, chain: [], isAuthoritative: false)]
        case .owner(let contents):
            if contents.alias != nil { return [follow(row.name, contents, type)] }
            return owned(row.name, contents, type, chain: [])
        }
    }

    private func owned(
        _ name: DomainName, _ contents: CaseRow.Contents, _ type: RecordType, chain: [ResourceRecord]
    ) -> [ExpectedAnswer] {
        if type == .any { return [negative(.noError, name, chain)] }
        if type == .soa, contents.hasStartOfAuthority || contents.mayHaveStartOfAuthority {
            let positive = ExpectedAnswer(chain: chain, answersStartOfAuthority: true)
            return contents.hasStartOfAuthority ? [positive] : [positive, negative(.noError, name, chain)]
        }
        let lines = contents.records(of: type)
        if !lines.isEmpty { return [positive(name, lines, chain)] }
        var sets = contents.permitted.filter { $0.data.type == type }.map { [$0] }
        if sets.count > 1 { sets.append(sets.flatMap { $0 }) }
        let inherited = addressesOfPort(name, type)
        if !inherited.isEmpty { sets.append(inherited) }
        return [negative(.noError, name, chain)] + sets.map { positive(name, $0, chain) }
    }

    /// `_http._tcp.web` may answer with the addresses of `web`, as CoreDNS does.
    private func addressesOfPort(_ name: DomainName, _ type: RecordType) -> [ZoneLine] {
        guard name.labels.count > 2, name.labels.prefix(2).allSatisfy({ $0.first == UInt8(ascii: "_") }),
            let service = name.parent?.parent, type == .a || type == .aaaa
        else { return [] }
        return table.contents(service)?.records(of: type) ?? []
    }

    private func positive(_ name: DomainName, _ lines: [ZoneLine], _ chain: [ResourceRecord]) -> ExpectedAnswer {
        var targets: Set<DomainName> = []
        for line in lines {
            if case .srv(let location) = line.data { targets.insert(location.target) }
            if case .ns(let server) = line.data { targets.insert(server) }
        }
        return ExpectedAnswer(
            chain: chain, records: table.records(lines, owner: name),
            additional: targets.flatMap { table.addresses($0) })
    }

    private func negative(
        _ code: ResponseCode, _ name: DomainName, _ chain: [ResourceRecord] = []
    ) -> ExpectedAnswer {
        ExpectedAnswer(codes: [code], chain: chain, authority: .startOfAuthority(table.zone(of: name)))
    }

    /// RFC 1034 section 3.6.2: CNAME is the answer to CNAME and to ANY; for other types the target is asked too, and the
    /// code is that of the last name (RFC 6604).
    private func follow(_ first: DomainName, _ contents: CaseRow.Contents, _ type: RecordType) -> ExpectedAnswer {
        var (name, contents, seen, chain) = (first, contents, Set([first]), [ResourceRecord]())
        while let target = contents.alias {
            chain += table.records(contents.records, owner: name)
            if type == .cname || type == .any { return ExpectedAnswer(chain: chain) }
            if chain.count == Self.linkLimit, table.contents(target)?.alias != nil {
                return ExpectedAnswer(chain: chain, authority: .any)
            }
            guard seen.insert(target).inserted else {
                return ExpectedAnswer(
                    codes: [.noError, .serverFailure], chain: chain, authority: .any, isLoop: true)
            }
            guard table.isInside(target) else { return upstream(target, type, chain: chain, isAuthoritative: true) }
            guard let next = table.contents(target) else { return negative(.nameError, target, chain) }
            (name, contents) = (target, next)
        }
        return owned(name, contents, type, chain: chain)[0]
    }

    private func upstream(
        _ name: DomainName, _ type: RecordType, chain: [ResourceRecord], isAuthoritative: Bool
    ) -> ExpectedAnswer {
        var answer = ExpectedAnswer(chain: chain, authority: .any, isAuthoritative: isAuthoritative)
        answer.needsUpstream = true
        switch table.upstream(name) {
        case .owner(let contents): answer.records = table.records(contents.records(of: type), owner: name)
        case .failing: answer.codes = [.serverFailure]
        case .missing, .forwarded: answer.codes = [.nameError]
        }
        return answer
    }
}
