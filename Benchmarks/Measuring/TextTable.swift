/// Columns aligned to the right, two spaces between them.
package struct TextTable {
    /// The header first; all of its length.
    package let lines: [[String]]
    /// The first column names what the others measure, and is aligned to the left.
    package let namesRows: Bool

    package init(lines: [[String]], namesRows: Bool = false) {
        self.lines = lines
        self.namesRows = namesRows
    }

    package var text: [String] {
        let widths = (lines.first ?? []).indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            line.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - line[column].count)
                return namesRows && column == 0 ? line[column] + space : space + line[column]
            }.joined(separator: "  ")
        }
    }
}

extension Double {
    /// Three digits.
    package var text: String {
        let scaled = Int((self * 1000).rounded())
        let fraction = String(scaled % 1000)
        return "\(scaled / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}

extension Double? {
    package var text: String { map(\.text) ?? "-" }
}
