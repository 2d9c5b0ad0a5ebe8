/// Columns aligned to the right.
struct TextTable {
    var lines: [[String]]

    var text: [String] {
        let widths = (lines.first ?? []).indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { cell, width in String(repeating: " ", count: width - cell.count) + cell }
                .joined(separator: "  ")
        }
    }
}

extension Double {
    /// Three digits.
    var text: String {
        let scaled = Int((self * 1000).rounded())
        let fraction = String(scaled % 1000)
        return "\(scaled / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}

extension Double? {
    var text: String { map(\.text) ?? "-" }
}
