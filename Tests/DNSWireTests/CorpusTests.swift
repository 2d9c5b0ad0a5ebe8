import DNSWireTesting
import Foundation
import Testing

/// Inputs the fuzzer starts from, and what it found: they stay in the repository and are replayed here.
struct CorpusTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzzing/Corpus/DNSWire")

    /// `FAIRWAY_UPDATE_GOLDEN=1` writes the tables' messages into the corpus first, and fails, so that a check never does.
    @Test func everyInputOfTheCorpusKeepsTheLaws() throws {
        if ProcessInfo.processInfo.environment["FAIRWAY_UPDATE_GOLDEN"] == "1" { try Self.writeTables() }
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path(percentEncoded: false)).sorted()
        #expect(names.count > 40)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: Self.folder.appending(path: name)))
            let broken = CodecLaws.violation(by: bytes)
            #expect(broken == nil, "\(name)")
        }
    }

    /// One input a line: what led a run of ten minutes to code that no input before it had reached.
    @Test func everyInputThatWasFoundKeepsTheLaws() throws {
        let file = Self.folder.deletingLastPathComponent().appending(path: "DNSWire-found.hex")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count > 500)
        for line in lines {
            let digits = Array(line.utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { index in
                UInt8(String(decoding: digits[index..<min(index + 2, digits.count)], as: UTF8.self), radix: 16)
            }
            try #require(bytes.count * 2 == digits.count, "not hexadecimal: \(line)")
            let broken = CodecLaws.violation(by: bytes)
            #expect(broken == nil, "\(line)")
        }
    }

    private static func writeTables() throws {
        let good = WellFormedMessage.all.map { ("good-\($0.title)", $0.bytes) }
        let bad = MalformedMessage.all.map { ("bad-\($0.title)", $0.bytes) }
        for (title, bytes) in good + bad where bytes.count < 4096 {
            let name = title.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "-" }
            try Data(bytes).write(to: folder.appending(path: String(name.prefix(48))))
        }
        Issue.record("The corpus was written; run again without FAIRWAY_UPDATE_GOLDEN.")
    }
}
