internal import DNSWire

/// A file of rows; `Rows/README.md` says how they are written.
package struct CaseFile: Sendable {
    package let name: String
    package private(set) var settings = CaseSettings()
    package private(set) var rows: [CaseRow] = []
    /// `FILE:LINE: what is wrong`.
    package private(set) var faults: [String] = []

    private var rule = ""
    /// Rows that indented lines go on with: more than one behind a name with braces.
    private var open: [(index: Int, number: Int?)] = []

    package init(name: String, text: String) {
        self.name = name
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            read(line, at: "\(name):\(index + 1)")
        }
        for row in rows where row.readings.contains(.owner(CaseRow.Contents())) {
            faults.append("\(row.place): it says nothing: NODATA?")
        }
    }

    private mutating func read(_ line: Substring, at place: String) {
        let text = line.hasPrefix("#") ? "" : line
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let first = words.first else { return }
        if first == "==" {
            rule = words.dropFirst().joined(separator: " ")
            open = []
        } else if first == "or" {
            for (index, _) in open { rows[index].readings.append(.owner(CaseRow.Contents())) }
        } else if rule.isEmpty {
            if !settings.take(words) { faults.append("\(place): no setting: \(line)") }
        } else if text.first?.isWhitespace == true {
            add(text, at: place)
        } else {
            begin(first, at: place)
            add(text.dropFirst(first.count), at: place)
        }
    }

    private mutating func begin(_ name: Substring, at place: String) {
        let expansion = BraceExpansion(name)
        open = []
        for (offset, text) in expansion.texts.enumerated() {
            guard let name = ZoneLine.name(text, settings.domain) else {
                faults.append("\(place): no name: \(text)")
                continue
            }
            open.append((rows.count, expansion.numbers.map { $0.lowerBound + offset }))
            rows.append(CaseRow(name: name, readings: [.owner(CaseRow.Contents())], rule: rule, place: place))
        }
    }

    /// Adds what stands behind a name to the last reading of the rows that are open.
    private mutating func add(_ text: Substring, at place: String) {
        for (index, number) in open {
            let line = BraceExpansion.filled(text.trimmed, number)
            let last = rows[index].readings.count - 1
            guard let standing = extended(rows[index].readings[last], by: line[...]) else {
                faults.append("\(place): not understood: \(line)")
                continue
            }
            rows[index].readings[last] = standing
        }
    }

    private func extended(_ standing: CaseRow.Standing, by line: Substring) -> CaseRow.Standing? {
        guard case .owner(var contents) = standing else { return nil }
        switch line {
        case "": return standing
        case "NODATA":
            guard contents == CaseRow.Contents() else { return nil }
            contents.isEmptyByRule = true
        case "NXDOMAIN": return contents == CaseRow.Contents() ? .missing : nil
        case "FORWARDED": return contents == CaseRow.Contents() ? .forwarded : nil
        case "SERVFAIL": return contents == CaseRow.Contents() ? .failing : nil
        case "SOA" where !contents.isEmptyByRule: contents.hasStartOfAuthority = true
        case "may SOA": contents.mayHaveStartOfAuthority = true
        default:
            let isPermitted = line.hasPrefix("may ")
            let records = (isPermitted ? line.dropFirst(4) : line).trimmedSubsequence
            let lines = BraceExpansion(records).texts.map { ZoneLine($0[...], origin: settings.domain) }
            let known = lines.compactMap { $0 }
            guard known.count == lines.count, isPermitted || !contents.isEmptyByRule else { return nil }
            if isPermitted { contents.permitted += known } else { contents.records += known }
        }
        return .owner(contents)
    }
}

extension Substring {
    fileprivate var trimmedSubsequence: Substring {
        let start = drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return start[...last]
    }

    fileprivate var trimmed: String { String(trimmedSubsequence) }
}
