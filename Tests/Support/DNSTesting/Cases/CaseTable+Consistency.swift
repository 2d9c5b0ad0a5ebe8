package import DNSWire
package import NetworkTypes

extension CaseTable {
    /// Where rows contradict each other; what the rows say cannot all be true of a tree of names.
    package func contradictions() -> [String] {
        rows.flatMap { row in
            duplicates(row) + ancestors(row) + row.readings.flatMap { reading -> [String] in
                guard case .owner(let contents) = reading else { return [] }
                return alias(row, contents) + targets(row, contents) + weights(row, contents) + pointers(row, contents)
            }
        }
    }

    private func duplicates(_ row: CaseRow) -> [String] {
        guard let first = self.row(row.name), first.readings != row.readings else { return [] }
        return ["\(row): another row says otherwise: \(first.place)"]
    }

    /// A name that exists makes all names above it exist (RFC 8020, RFC 4592 section 2.2.2).
    private func ancestors(_ row: CaseRow) -> [String] {
        guard row.readings.first != .missing, isInside(row.name) else { return [] }
        var faults: [String] = []
        var name = row.name
        while let parent = name.parent, isInside(parent) {
            if self.row(parent)?.readings.first == .missing {
                faults.append("\(row): it exists, and \(parent) above it does not")
            }
            name = parent
        }
        return faults
    }

    private func alias(_ row: CaseRow, _ contents: CaseRow.Contents) -> [String] {
        guard let target = contents.alias else { return [] }
        var faults = contents.records.count == 1 ? [] : ["\(row): CNAME stands alone"]
        if isInside(target), self.row(target) == nil { faults.append("\(row): no row says what \(target) is") }
        return faults
    }

    private func targets(_ row: CaseRow, _ contents: CaseRow.Contents) -> [String] {
        contents.records.compactMap { line in
            guard case .srv(let location) = line.data, addresses(location.target).isEmpty else { return nil }
            return "\(row): no row says which addresses \(location.target) has"
        }
    }

    /// A hundred over the number of records, rounded down, at least 1.
    private func weights(_ row: CaseRow, _ contents: CaseRow.Contents) -> [String] {
        let locations = contents.records(of: .srv)
        return locations.compactMap { line in
            guard case .srv(let location) = line.data else { return nil }
            let weight = max(1, 100 / locations.count)
            return Int(location.weight) == weight ? nil : "\(row): weight \(location.weight), not \(weight)"
        }
    }

    /// What an address points at owns that address.
    private func pointers(_ row: CaseRow, _ contents: CaseRow.Contents) -> [String] {
        contents.records.compactMap { line in
            guard case .ptr(let target) = line.data else { return nil }
            let names = addresses(target).compactMap { record -> DomainName? in
                guard case .address(let address) = record.data else { return nil }
                return address.reverseName
            }
            return names.contains(row.name) ? nil : "\(row): no row gives \(target) this address"
        }
    }
}

extension IPAddress {
    /// RFC 1035 section 3.5 and RFC 3596 section 2.5.
    package var reverseName: DomainName? {
        let bytes = networkBytes.reversed()
        let text =
            family == .ipv4
            ? bytes.map { "\($0)." }.joined() + "in-addr.arpa."
            : bytes.map { "\(String($0 & 15, radix: 16)).\(String($0 >> 4, radix: 16))." }.joined() + "ip6.arpa."
        return DomainName(text)
    }
}
