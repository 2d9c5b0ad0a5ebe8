/// A table of ARCHITECTURE.md that names targets in its first column and what they may use in its second.
struct LayeringTable: Equatable {
    struct Failure: Error, Equatable, CustomStringConvertible {
        var description: String
    }

    /// Allowed names by target.
    var rows: [String: Set<String>] = [:]

    static let projectHeader = "| target | may import |"
    static let outsideHeader = "| target | outside packages |"

    /// Reads the table under `header`: names in backticks, separated by commas, `-` for none. Columns
    /// after the second are for people.
    init(_ header: String, in markdown: String) throws(Failure) {
        let lines = markdown.split(separator: "\n", omittingEmptySubsequences: false)
        func cells(_ line: Substring) -> [String] {
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().map {
                String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
        }
        let wanted = cells(header[...]).prefix(2)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("|") && cells($0).prefix(2) == wanted }) else {
            throw Failure(description: "ARCHITECTURE.md has no table \(header)")
        }
        for line in lines[(start + 1)...].prefix(while: { $0.hasPrefix("|") }).dropFirst() {
            let row = cells(line)
            guard row.count >= 2 else { throw Failure(description: "\(header): a row without two cells: \(line)") }
            let targets = try Self.names(row[0], header)
            guard let target = targets.first, targets.count == 1, rows[target] == nil else {
                throw Failure(description: "\(header): one target a row, each once: \(line)")
            }
            rows[target] = row[1] == "-" ? [] : Set(try Self.names(row[1], header))
        }
    }

    private static func names(_ cell: String, _ header: String) throws(Failure) -> [String] {
        var result: [String] = []
        for part in cell.split(separator: ",", omittingEmptySubsequences: false) {
            let word = part.drop { $0 == " " }
            let name = word.dropFirst().prefix { $0 != "`" }
            guard word.hasPrefix("`"), !name.isEmpty, word.dropFirst(name.count + 2).allSatisfy({ $0 == " " }) else {
                throw Failure(description: "\(header): expected `Name`, `Name` or -, found: \(cell)")
            }
            result.append(String(name))
        }
        return result
    }
}
