package import DNSWire

/// One name and what it owns.
package struct CaseRow: Sendable, CustomStringConvertible {
    /// What a name is, for every type at once.
    package enum Standing: Sendable, Hashable {
        case missing
        case owner(Contents)
        /// Not ours: what the upstream says.
        case forwarded
        /// Of the upstream alone: it has no answer.
        case failing
    }

    /// What an existing name owns.
    package struct Contents: Sendable, Hashable {
        package var records: [ZoneLine] = []
        /// NODATA was written: no record follows.
        package var isEmptyByRule = false
        /// Sets that may be answered instead of NODATA.
        package var permitted: [ZoneLine] = []
        /// The top of a zone.
        package var hasStartOfAuthority = false
        /// SOA may be answered.
        package var mayHaveStartOfAuthority = false

        package var alias: DomainName? {
            for case .cname(let target) in records.map(\.data) { return target }
            return nil
        }

        package func records(of type: RecordType) -> [ZoneLine] { records.filter { $0.data.type == type } }
    }

    package var name: DomainName
    /// Several where the reference leaves a choice: all types must be answered by one of them.
    package var readings: [Standing]
    /// The rule it shows.
    package var rule: String
    /// `FILE:LINE`.
    package var place: String

    package var description: String { "\(place) \(name) (\(rule))" }
}
