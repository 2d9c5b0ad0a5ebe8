package import DNSWire

/// All rows of one cluster under the same settings, and what the upstream says of other names.
package struct CaseTable: Sendable, CustomStringConvertible {
    package let settings: CaseSettings
    package let rows: [CaseRow]
    package let outside: [CaseRow]
    private let byName: [DomainName: CaseRow]
    private let outsideByName: [DomainName: CaseRow]
    /// Tops of zones, longest first.
    package let zones: [DomainName]

    package init(settings: CaseSettings, rows: [CaseRow], outside: [CaseRow]) {
        self.settings = settings
        self.rows = rows
        self.outside = outside
        byName = Dictionary(rows.map { ($0.name, $0) }) { first, _ in first }
        outsideByName = Dictionary(outside.map { ($0.name, $0) }) { first, _ in first }
        zones = rows.filter { row in
            row.readings.contains { if case .owner(let contents) = $0 { contents.hasStartOfAuthority } else { false } }
        }.map(\.name).sorted { $0.wire.count > $1.wire.count }
    }

    package var description: String { "\(settings)" }

    package func row(_ name: DomainName) -> CaseRow? { byName[name] }

    /// What the scripted upstream says of a name; names without a row do not exist.
    package func upstream(_ name: DomainName) -> CaseRow.Standing {
        outsideByName[name]?.readings.first ?? .missing
    }

    /// The zone a name is in, where a row tells.
    package func zone(of name: DomainName) -> DomainName? { zones.first { name.isWithin($0) } }

    /// In the cluster's domain, or in a reverse zone that a row names.
    package func isInside(_ name: DomainName) -> Bool {
        name.isWithin(settings.domain) || zone(of: name) != nil
    }

    /// What a name owns by its first reading.
    package func contents(_ name: DomainName) -> CaseRow.Contents? {
        guard case .owner(let contents)? = row(name)?.readings.first else { return nil }
        return contents
    }

    /// Records as they are answered, under `owner`.
    package func records(_ lines: [ZoneLine], owner: DomainName) -> [ResourceRecord] {
        lines.map {
            ResourceRecord(name: owner, timeToLive: $0.timeToLive ?? settings.timeToLive, data: $0.data)
        }
    }

    /// A and AAAA of a name.
    package func addresses(_ name: DomainName) -> [ResourceRecord] {
        guard let contents = contents(name) else { return [] }
        return records(contents.records(of: .a) + contents.records(of: .aaaa), owner: name)
    }
}
