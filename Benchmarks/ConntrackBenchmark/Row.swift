/// One measurement; units are in the names.
struct Row: Codable, Sendable {
    var mode: String
    var entries: Int
    var removals: Int
    var deletedEntries: Int
    var samples: Int
    var medianMilliseconds: Double
    var peakMegabytes: Double
}

/// The whole report.
struct Report: Codable, Sendable {
    var rows: [Row]

    var text: String {
        let lines = rows.map { row in
            [
                row.mode, "\(row.entries)", "\(row.removals)", "\(row.deletedEntries)", "\(row.medianMilliseconds)",
                "\(row.peakMegabytes)",
            ].joined(separator: " | ")
        }
        return (["mode | entries | removals | deleted | median ms | peak MB"] + lines).joined(separator: "\n")
    }
}
