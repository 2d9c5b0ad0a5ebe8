/// Columns aligned to the right, two spaces between them.
package struct TextTable {
    /// The header first; all of its length.
    package let lines: [[String]]

    package init(lines: [[String]]) { self.lines = lines }

    package var text: [String] {
        let widths = (lines.first ?? []).indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { cell, width in String(repeating: " ", count: width - cell.count) + cell }
                .joined(separator: "  ")
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
